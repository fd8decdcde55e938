"""Bytes to messages and back 报文: framing, field types, dialects, the state table of the link. No I/O, no clock."""
