"""Tests of ``dbgate.audits``."""
