"""ELEC02: fixed fields in GBK behind ten digits of length, without a MAC: a power link as some banks speak it."""
