"""The standard link 标准接口, version 1."""
