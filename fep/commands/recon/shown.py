"""``fep recon show`` 差异详情: one difference, both sides of it and what operators did."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from dbgate.books.differences import Difference, difference
from fep.command_line import WholeNumber, command, config_option
from fep.commands.recon.words import ACTS, STATES, matching_of, side_cells
from fep.commands.reports.options import output_options
from fep.commands.reports.sources import open_sources
from fep.exits import EXIT_BAD_INPUT, EXIT_DONE, CommandFailed
from fep.language import Text
from fep.listings.listing import AccountNumber, Column, Kind, Listing, text_of
from fep.listings.outputs import Outputs

_COLUMNS = (Column(Text("what", "项目")), Column(Text("bank", "银行方")), Column(Text("FEP", "前置方")))


@command(
    "show",
    en="Show one difference: both sides of it, and what operators have proposed and approved.",
    zh="显示一笔差异: 双方的记录, 以及经办与复核情况。",
)
@click.argument("difference_no", metavar="NUMBER", type=WholeNumber(1, 10**12 - 1))
@config_option
@output_options
def show(difference_no: int, config_path: Path, outputs: Outputs) -> int:
    """Show a difference as rows of two columns."""
    with open_sources(config_path) as sources, outputs:
        found = difference(sources.snapshots[0], difference_no)
        if found is None:
            raise CommandFailed(
                EXIT_BAD_INPUT, en=f"there is no difference {difference_no}", zh=f"没有差异 {difference_no}"
            )
        title = Text(f"Difference {difference_no}", f"差异 {difference_no}")
        outputs.show(Listing("difference", title, Text("difference", "差异"), _COLUMNS, list(_rows(found))))
    return EXIT_DONE


def _rows(found: Difference) -> Iterator[list[Any]]:
    yield from _common(found)
    names = (
        (Text("transaction", "交易"), Kind.TEXT),
        (Text("amount", "金额"), Kind.YUAN),
        (Text("state", "状态"), Kind.TEXT),
    )
    sides = [side_cells(side) for side in (found.bank, found.fep)]
    accounts = [None if cells[0] is None else AccountNumber(cells[0]) for cells in sides]
    yield [Text("account", "户号"), *accounts]
    for (name, kind), bank, fep in zip(names, sides[0][1:], sides[1][1:], strict=True):
        yield [name, text_of(kind, bank), text_of(kind, fep)]
    yield from _work(found)


def _common(found: Difference) -> Iterator[list[Any]]:
    bank_code, bank_date, bank_serial = found.identity
    serial = None if found.fep_serial is None else f"{found.fep_serial:012d}"
    yield [Text("class", "类别"), matching_of(found), None]
    yield [Text("state of work", "处理状态"), STATES[found.state], None]
    yield [Text("bank", "银行"), bank_code, None]
    yield [Text("clearing date", "清算日期"), text_of(Kind.DAY, found.clearing_date), None]
    yield [Text("bank date, serial", "银行日期, 流水号"), f"{bank_date} {bank_serial}", None]
    yield [Text("FEP serial", "前置流水号"), None, serial]
    if found.other_date is not None:
        yield [Text("other half on", "另一方日期"), text_of(Kind.DAY, found.other_date), None]
    if found.undo is not None:
        yield [
            Text("undone at the bank by", "银行方冲销流水"),
            f"{found.undo.bank_date} {found.undo.bank_serial}",
            None,
        ]


def _work(found: Difference) -> Iterator[list[Any]]:
    """Yield what operators have said and done, as far as it has come."""
    if found.act is not None:
        yield [Text("act", "处理方式"), ACTS[found.act], None]
        yield [Text("amount of the act", "处理金额"), text_of(Kind.YUAN, found.amount_fen), None]
        yield [Text("reason", "理由"), found.reason, None]
        yield [Text("proposed by", "经办人"), found.proposed_by, text_of(Kind.MOMENT, found.proposed_at)]
    if found.approved_by:
        yield [Text("approved by", "复核人"), found.approved_by, text_of(Kind.MOMENT, found.approved_at)]
    if found.adjustment_serial is not None:
        yield [Text("adjustment", "调账流水号"), None, f"{found.adjustment_serial:012d}"]
