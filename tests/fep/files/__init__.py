"""Tests of the files of banks."""
