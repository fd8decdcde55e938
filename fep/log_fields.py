"""Log fields 日志域: what a stranger wrote, as far as it may reach the log."""

_CODE_CHARACTERS_MAX = 32
"""The widest serial of any format."""


def loggable_code(code: str) -> str:
    """Return a bank's code or serial when it looks like one: nothing else that a stranger wrote may reach the log."""
    return code if code.isascii() and code.isalnum() and len(code) <= _CODE_CHARACTERS_MAX else ""
