"""Debits 代扣: mandates, lists and results of debit batches, and their release; what the commands ``fep debit`` do."""
