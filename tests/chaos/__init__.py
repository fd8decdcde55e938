"""Chaos 破坏性测试: two daemons and one database under load while parts of them are killed."""
