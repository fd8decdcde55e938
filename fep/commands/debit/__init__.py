"""Debit commands 代扣命令: ``fep debit``, one module for each."""
