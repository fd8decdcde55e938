"""Reconciliation 对账: a bank's file and the databases are read, matched, stored and answered with a result file."""
