"""The books 账务: reconciliation, differences, mandates, debit batches, pushed debits and applied balances in SQL."""
