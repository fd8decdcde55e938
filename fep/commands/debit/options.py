"""Options of debit commands 代扣命令选项, and the databases that they open."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from dbgate.books import debit_batches
from dbgate.books.records import DebitBatch
from dbgate.books.tables import REASON_CHARS
from dbgate.database import Database
from dbgate.reports.snapshots import snapshot
from fep.command_line import WholeNumber, option
from fep.config.configuration import load
from fep.config.settings import Settings
from fep.databases import databases_of, naming, require_schemas
from fep.debits.bank_site import BankSite, bank_site
from fep.exits import EXIT_BAD_INPUT, EXIT_DONE, CommandFailed
from fep.language import say

BATCH_NO_MAX = 10**12 - 1

batch_argument = click.argument("batch_no", metavar="BATCH", type=WholeNumber(1, BATCH_NO_MAX))
"""The number of a batch."""


class Reason(click.ParamType[str]):
    """Why an operator does something, in a line of his own."""

    name = "reason"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the reason; a usage error when it is blank, too long or not one line."""
        text = str(value).strip()
        if not text or len(text) > REASON_CHARS or not text.isprintable():
            self.fail(
                say(
                    en=f"a reason is one line of 1 to {REASON_CHARS} characters",
                    zh=f"理由应为一行, 1 至 {REASON_CHARS} 字",
                ),
                param,
                ctx,
            )
        return text


def one_bank_option(function: Callable[..., Any]) -> Any:
    """Add ``--bank``, which is required; the function takes ``bank_code``."""
    add = option("--bank", "bank_code", required=True, metavar="CODE", en="The bank.", zh="银行代码。")
    return add(function)


def each_file(names: Iterable[str], take: Callable[[str], None]) -> int:
    """Take one file after the other; return ``EXIT_BAD_INPUT`` when one was refused, which keeps no other waiting.

    Raises:
        CommandFailed: what is no matter of a file.
    """
    exit_code = EXIT_DONE
    for name in names:
        try:
            take(name)
        except CommandFailed as refused:
            if refused.exit_code != EXIT_BAD_INPUT:
                raise
            click.echo(str(refused), err=True)
            exit_code = EXIT_BAD_INPUT
    return exit_code


@contextmanager
def opened(config_path: Path) -> Iterator[tuple[Settings, Sequence[Database]]]:
    """Open the configuration and its databases, all of which must be there."""
    settings = load(config_path)
    with databases_of(settings) as databases:
        require_schemas(databases)
        yield settings, databases


@contextmanager
def opened_bank(config_path: Path, bank_code: str) -> Iterator[BankSite]:
    """Open what commands of a bank work with."""
    with opened(config_path) as (settings, databases):
        yield bank_site(settings, databases, bank_code)


@contextmanager
def opened_batch(config_path: Path, batch_no: int) -> Iterator[tuple[BankSite, DebitBatch]]:
    """Open what commands of a batch's bank work with, and the batch."""
    with opened(config_path) as (settings, databases):
        with naming(databases[0], databases), snapshot(databases[0]) as reading:
            found = debit_batches.batch(reading, batch_no)
        if found is None:
            raise no_batch(batch_no)
        yield bank_site(settings, databases, found.bank_code), found


def no_batch(batch_no: int) -> CommandFailed:
    """Return what is said of a number that no batch has."""
    return CommandFailed(EXIT_BAD_INPUT, en=f"there is no debit batch {batch_no}", zh=f"没有代扣批次 {batch_no}")
