"""Demonstration 演示: accounts, banks and a teller's day to try the product with."""
