"""Audits 账务核查: whether the rows of the billing databases agree with each other, told by SQL over all of them."""
