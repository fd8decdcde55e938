"""Tests of the reconciliation commands."""
