"""Flags 标志: what a frame says of itself in bits, for formats that have them; plain integers, for IntFlag costs
microseconds on each frame.
"""

RESPONSE = 1
"""应答: a reply; never answered."""

ENCRYPTED = 2
"""加密: the body is encrypted."""

REPEAT = 4
"""重复: the effect was found in the journal."""
