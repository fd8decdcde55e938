"""Live tables 动态表格: reports that refresh themselves on a terminal until Ctrl-C."""

import sys
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from fep.command_line import option
from fep.exits import EXIT_BAD_INPUT, EXIT_DONE, CommandFailed
from fep.language import say
from fep.reports import Report

Command = TypeVar("Command", bound=Callable[..., Any])

REFRESH_S = 2.0
"""As often as a person reads numbers; each look takes the daemon a millisecond."""


def watch_option(function: Command) -> Command:
    """Add ``--watch``, as ``is_watched``."""
    about = {"en": "Refresh until Ctrl-C.", "zh": "持续刷新, 按 Ctrl-C 结束。"}
    added: Command = option("--watch", "is_watched", is_flag=True, **about)(function)
    return added


def watch(look: Callable[[], Iterable[Report]]) -> int:
    """Show what ``look`` returns, again and again, until Ctrl-C; return the exit code.

    Raises:
        CommandFailed: the output is no terminal.
    """
    from rich.console import Console, Group
    from rich.live import Live

    if not sys.stdout.isatty():
        raise CommandFailed(EXIT_BAD_INPUT, en="--watch needs a terminal", zh="--watch 须在终端上使用")

    def drawn() -> Group:
        shown = list(look())
        moment = f"{time.strftime('%H:%M:%S')}  {say(en='Ctrl-C ends', zh='按 Ctrl-C 结束')}"
        return Group(*(report.table() for report in shown), moment)

    try:
        with Live(drawn(), console=Console(), screen=True, auto_refresh=False) as live:
            while True:
                time.sleep(REFRESH_S)
                live.update(drawn(), refresh=True)
    except KeyboardInterrupt:
        return EXIT_DONE
