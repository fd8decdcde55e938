"""Tests of ``dbgate.books``."""
