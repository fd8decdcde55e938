"""Business rules 业务规则, one file for each transaction: pure functions of records, request and context."""
