"""``fep day list`` 清算日列表: what each clearing date of each bank came to, and whether it is reconciled."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from dbgate.records import DayTotals
from dbgate.reports.criteria import Period
from dbgate.reports.days import (
    BankDay,
    Reconciled,
    Span,
    closed_by_command,
    day_totals,
    days_of,
    reconciled,
    spans,
)
from fep.command_line import command, config_option
from fep.commands.reports.options import bank_option, output_options, period_of, period_options, today
from fep.commands.reports.sources import Sources, open_sources
from fep.commands.reports.words import TOTAL
from fep.exits import EXIT_DONE
from fep.language import Text, say
from fep.listings.listing import Column, Kind, Listing
from fep.listings.outputs import Outputs
from fep.progress import Waiting

DAYS_SHOWN = 31
"""Days up to today that are shown unless others are asked for."""

_OPEN, _CLOSED, _BY_COMMAND = Text("open", "未日切"), Text("closed", "已日切"), Text("closed by command", "命令日切")
_COLUMNS = (
    Column(Text("bank", "银行")),
    Column(Text("day", "清算日期"), Kind.DAY),
    Column(Text("state", "状态")),
    Column(Text("payments", "交费笔数"), Kind.COUNT),
    Column(Text("paid", "交费金额"), Kind.YUAN),
    Column(Text("cancels", "撤销笔数"), Kind.COUNT),
    Column(Text("cancelled", "撤销金额"), Kind.YUAN),
    Column(Text("reversals", "冲正笔数"), Kind.COUNT),
    Column(Text("reversed", "冲正金额"), Kind.YUAN),
    Column(Text("net", "净额"), Kind.YUAN),
    Column(Text("reconciled as batch", "对账批次")),
    Column(Text("open differences", "未处理差异"), Kind.COUNT),
)


@command(
    "list",
    en="""List clearing dates: the totals of RECON_TOTALS (3001), the net, and the reconciliation of each.

Days that were jumped over are closed and empty. A day without a batch number has not been reconciled. Adjustments of
past days, which operators make, are left out, as in 3001.""",
    zh="""列出清算日期: 对总账 (3001) 的各项合计、净额及对账情况。

跳过的日期为已日切且无交易。无批次号的日期尚未对账。操作员对以往日期的调账不计入, 与 3001 一致。""",
)
@config_option
@bank_option
@period_options
@output_options
def list_days(
    config_path: Path, banks: tuple[str, ...], first: date | None, last: date | None, outputs: Outputs
) -> int:
    """Show a row for each bank and day."""
    on = today()
    # The present clearing date may be ahead of the calendar: after the cut-off, or after days were closed by command.
    period = period_of(None, first, last) or Period(on - timedelta(days=DAYS_SHOWN), date.max)
    with open_sources(config_path) as sources, outputs:
        sources.require_banks(banks)
        with Waiting(say(en="adding up", zh="汇总中")):
            listing = _listing(sources, period, banks)
        outputs.show(listing)
    return EXIT_DONE


def _listing(sources: Sources, period: Period, banks: Sequence[str]) -> Listing:
    of_banks = {code: span for code, span in spans(sources.snapshots).items() if not banks or code in banks}
    totals = day_totals(sources.snapshots, period)
    results = reconciled(sources.snapshots[0], period)
    by_command = closed_by_command(sources.snapshots, period)
    rows = list(_rows(of_banks, period, totals, results, set(by_command)))
    sums = [sum(row[place] for row in rows) for place in range(3, 10)]
    last = [TOTAL, None, None, *sums, None, sum(row[-1] or 0 for row in rows)]
    return Listing("days", Text("Clearing dates", "清算日期"), Text("days", "清算日"), _COLUMNS, rows, last)


def _rows(
    of_banks: dict[str, Span],
    period: Period,
    totals: dict[BankDay, DayTotals],
    results: dict[BankDay, Reconciled],
    by_command: set[BankDay],
) -> Iterator[list[Any]]:
    for bank_code, span in of_banks.items():
        for day in days_of(span, period):
            key = bank_code, day
            state = _OPEN if day == span.present else _BY_COMMAND if key in by_command else _CLOSED
            result = results.get(key)
            said = (None, None) if result is None else (f"{result.batch_no:012d}", result.open_count)
            yield [bank_code, day, state, *_cells(totals.get(key, DayTotals())), *said]


def _cells(totals: DayTotals) -> list[int]:
    net_fen = totals.pay_amount_fen - totals.cancel_amount_fen - totals.reverse_amount_fen
    return [
        *(totals.pay_count, totals.pay_amount_fen, totals.cancel_count, totals.cancel_amount_fen),
        *(totals.reverse_count, totals.reverse_amount_fen, net_fen),
    ]
