"""Files 批量文件: the folders through which banks and FEP exchange them."""
