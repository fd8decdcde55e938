"""Tests of the connections that the FEP opens to a bank."""
