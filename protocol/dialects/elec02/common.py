"""What several messages of ELEC02 share ELEC02 公用域."""

from protocol.bindings import Constant
from protocol.padded import PaddedText

OWN_NODE = Constant("")
"""The utility's node, which a site chooses."""


def gbk(size: int) -> PaddedText:
    """Return text of so many bytes."""
    return PaddedText(size, "gbk")
