"""Tests of a day's reconciliation as a whole."""
