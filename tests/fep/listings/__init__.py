"""Tests of the listings."""
