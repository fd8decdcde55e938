"""Migrations 数据库迁移: the steps by which the schema came to be what it is."""
