"""Options 选项: those that commands of several groups share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from fep.command_line import option
from fep.language import say

Command = TypeVar("Command", bound=Callable[..., Any])

REASON_CHARS = 200
"""As many as the record of operators keeps."""


def _one_line(_ctx: click.Context, _option: click.Parameter, value: str) -> str:
    if len(value) > REASON_CHARS or not (value.isprintable() or not value):
        problem = say(
            en=f"a reason is one line of at most {REASON_CHARS} characters",
            zh=f"原因为一行, 最多 {REASON_CHARS} 个字符",
        )
        raise click.UsageError(problem)
    return value


def reason_option(function: Command) -> Command:
    """Add ``--reason``, for the record of operators."""
    about = {"en": "Why, for the record of operators.", "zh": "原因, 计入操作记录。"}
    added: Command = option("--reason", default="", callback=_one_line, **about)(function)
    return added
