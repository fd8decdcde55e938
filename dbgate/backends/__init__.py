"""Backends 数据库引擎: what differs between engines: how they connect, begin, lock, wait and tell the time."""
