"""Commands of the reconciliation 对账命令: matching a day, looking at its differences, and working them."""
