"""Tests of ELEC02."""
