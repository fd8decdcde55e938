"""Tests of the ISO 8583 dialect."""
