"""The audit log 审计日志: who did what, when and from where, in chains of hashes that are sealed."""
