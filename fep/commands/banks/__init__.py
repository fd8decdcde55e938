"""``fep bank`` 银行: suspending and resuming a bank in a running daemon."""
