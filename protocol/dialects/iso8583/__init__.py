"""ISO 8583:1987 as banks all over the world speak it."""
