"""Reconciliation 对账: what the bank's file of a clearing date and the journal say of the same money, pure."""
