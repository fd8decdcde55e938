"""Statements of account 账户报表测试."""
