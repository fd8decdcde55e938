"""Moments 时刻 on the command line: a day, or a day and a time, Asia/Shanghai."""

import re
from datetime import datetime
from typing import Any

import click

from fep.language import say

_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?)?")


class Moment(click.ParamType[datetime]):
    """A moment as ``YYYY-MM-DD`` (its beginning), ``YYYY-MM-DD HH:MM`` or with seconds; naive, Asia/Shanghai."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return the moment; a usage error when it is none."""
        if isinstance(value, datetime):
            return value
        if _MOMENT.fullmatch(str(value)):
            try:
                return datetime.fromisoformat(str(value))
            except ValueError:
                pass
        return self.fail(
            say(
                en=f"{value}: not a moment as YYYY-MM-DD or 'YYYY-MM-DD HH:MM'",
                zh=f"{value}: 不是 YYYY-MM-DD 或 'YYYY-MM-DD HH:MM' 形式的时间",
            ),
            param,
            ctx,
        )
