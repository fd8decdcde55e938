"""Partners 对端银行: connections that the FEP opens to a bank, to ask it for something."""
