"""Key commands 密钥命令: ``fep keys``, one module for each group of them."""
