"""Replies 应答: what a test reads off an answer."""

from typing import TypeVar

from protocol.canonical.messages import Answer, ReplyBody
from protocol.response_codes import ResponseCode

Reply = TypeVar("Reply", bound=ReplyBody)


def reply_in(answer: Answer, kind: type[Reply]) -> Reply:
    """Return the body of an approved answer."""
    assert answer.code is ResponseCode.APPROVED, answer.code
    assert isinstance(answer.body, kind)
    return answer.body


def code_of(answer: Answer) -> str:
    """Return the four digits of an answer; a refused one has no body and no number."""
    if answer.code is not ResponseCode.APPROVED:
        assert (answer.body, answer.fep_serial, answer.repeat) == (None, None, False)
        assert answer.clearing_date is not None
    return answer.code.code
