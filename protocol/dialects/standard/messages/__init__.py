"""The messages of the standard link 标准报文: one file for each transaction, or for several that share a shape."""
