"""The error reply byte for byte."""

from protocol.canonical import ErrorReply
from protocol.dialects.standard.messages.error import ERROR_REPLY
from tests.protocol.frames import text


def test_both_ways() -> None:
    """64 bytes of Chinese text."""
    assert ERROR_REPLY.build(ErrorReply("金额不符")) == text("金额不符", 64)
    assert ERROR_REPLY.parse(text("金额不符", 64)) == ErrorReply("金额不符")
