"""Ciphers, message authentication codes, keys and the key store 密码与密钥."""
