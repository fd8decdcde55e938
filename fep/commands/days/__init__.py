"""Day commands 清算日命令: ``fep day``, one module for each."""
