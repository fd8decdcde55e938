"""Balance commands 预存款命令: ``fep balances``, one module for each."""
