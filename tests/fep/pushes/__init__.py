"""Tests of pushed debits."""
