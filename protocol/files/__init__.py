"""Batch files 批量文件: layouts of the files that banks and the utility exchange, described once; no I/O."""
