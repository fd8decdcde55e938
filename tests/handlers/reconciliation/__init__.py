"""Tests of the reconciliation's rules."""
