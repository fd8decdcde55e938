"""Versions 迁移版本: one file a step, numbered, never changed once released."""
