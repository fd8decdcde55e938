"""The bank formats 报文格式, one folder each."""
