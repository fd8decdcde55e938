"""Commands that ask a bank over a connection of their own 对端命令."""
