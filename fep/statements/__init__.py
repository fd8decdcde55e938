"""Statements 账户报表: what a utility's ledger takes over of a bank's clearing date, in formats of the trade."""
