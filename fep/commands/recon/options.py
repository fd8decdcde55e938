"""Options 处理选项: what the steps of four eyes take on the command line."""

from collections.abc import Callable
from typing import Any

import click

from dbgate.books.tables import REASON_CHARS
from fep.command_line import option
from fep.language import say

NUMBER_MAX = 10**12 - 1
"""A difference's number has 12 digits."""


class Reason(click.ParamType[str]):
    """Why an operator does something, in his own words."""

    name = "reason"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the reason without blanks around it; a usage error when it says nothing, or too much."""
        reason = str(value).strip()
        if not 1 <= len(reason) <= REASON_CHARS:
            self.fail(
                say(
                    en=f"expected 1 to {REASON_CHARS} characters, not {len(reason)}",
                    zh=f"应为 1 到 {REASON_CHARS} 个字符, 实为 {len(reason)} 个",
                ),
                param,
                ctx,
            )
        if not reason.isprintable():
            self.fail(say(en="it has a line break or a control character", zh="含换行或控制字符"), param, ctx)
        return reason


def reason_option(function: Callable[..., Any]) -> Any:
    """Add ``--reason``."""
    return option(
        "--reason",
        type=Reason(),
        required=True,
        metavar="TEXT",
        en=f"Why, in 1 to {REASON_CHARS} characters; it is kept for auditors. No customer's data.",
        zh=f"理由, 1 到 {REASON_CHARS} 个字符, 留存备查; 勿含用户信息。",
    )(function)
