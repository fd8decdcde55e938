"""Tests of the engines, one by one."""
