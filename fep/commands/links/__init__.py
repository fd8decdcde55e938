"""``fep links``, ``fep link`` 连接: the connections of banks, and closing one."""
