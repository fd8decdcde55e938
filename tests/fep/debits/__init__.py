"""Tests of ``fep.debits``."""
