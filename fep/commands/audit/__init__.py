"""Audit commands 审计命令: ``fep audit``, one module for each."""
