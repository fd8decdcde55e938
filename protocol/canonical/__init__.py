"""Canonical messages 统一报文: what every dialect's frames become, and what handlers answer with.

Fields are as wide as the widest bank format needs. Money is int fen, energy int 1/100 kWh, dates are ``date``,
months are int YYYYMM. ``None`` means absent. No field here knows how it looks on a wire. Whatever names a customer
(account, name, address, card) is left out of ``repr``, so that no log and no traceback can show it.
"""
