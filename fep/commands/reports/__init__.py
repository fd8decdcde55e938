"""Report commands 报表命令: ``fep report`` and the scripts of the same names, one module for each."""
