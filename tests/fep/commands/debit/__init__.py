"""Tests of the debit commands."""
