"""Errors of the handlers 业务拒绝: a business no, which is an answer and not a failure."""

from protocol.response_codes import ResponseCode


class Refusal(Exception):
    """The request is refused, nothing is done; caught in one place, ``handlers.catalogue``.

    Attributes:
        response_code: why.
        is_short: the amount is less than what is payable, which some bank formats tell apart.
        reason: in English, for the log, where the code does not say enough.
        detail: the same in Chinese, behind the code's words.
    """

    def __init__(
        self, response_code: ResponseCode, *, is_short: bool = False, reason: str = "", detail: str = ""
    ) -> None:
        super().__init__(response_code.code, response_code.meaning)
        self.response_code = response_code
        self.is_short = is_short
        self.reason = reason
        self.detail = detail
