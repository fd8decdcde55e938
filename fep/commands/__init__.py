"""Commands 子命令: one module for each, whose ``command`` the command line imports when it is needed."""
