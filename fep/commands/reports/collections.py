"""Collections 收费汇总表: sums of payments as listings, and whether undos and payments agree."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import click

from dbgate.reports.collected import Collected, Undone, collected, total, undone
from dbgate.reports.criteria import Criteria, Dimension, Period
from dbgate.reports.snapshots import Snapshot
from fep.commands.reports.words import key_cells, key_columns, total_cells
from fep.language import Text, say
from fep.listings.listing import Column, Kind, Listing

_TOTALS = (
    Column(Text("payments", "交费笔数"), Kind.COUNT),
    Column(Text("paid", "交费金额"), Kind.YUAN),
    Column(Text("cancels", "撤销笔数"), Kind.COUNT),
    Column(Text("cancelled", "撤销金额"), Kind.YUAN),
    Column(Text("reversals", "冲正笔数"), Kind.COUNT),
    Column(Text("reversed", "冲正金额"), Kind.YUAN),
    Column(Text("net payments", "净笔数"), Kind.COUNT),
    Column(Text("net", "净额"), Kind.YUAN),
)
_STATISTICS = (
    Column(Text("payments", "交费笔数"), Kind.COUNT),
    Column(Text("paid", "交费金额"), Kind.YUAN),
    Column(Text("undone payments", "冲销笔数"), Kind.COUNT),
    Column(Text("undone", "冲销金额"), Kind.YUAN),
    Column(Text("net payments", "净笔数"), Kind.COUNT),
    Column(Text("net", "净额"), Kind.YUAN),
    Column(Text("of it principal", "其中电费"), Kind.YUAN),
    Column(Text("late fee", "其中违约金"), Kind.YUAN),
    Column(Text("to balance", "其中预存"), Kind.YUAN),
)


def totals_listing(groups: Mapping[tuple[Any, ...], Collected], by: Sequence[Dimension], title: Text) -> Listing:
    """Return sums as the totals of RECON_TOTALS have them, cancels and reversals apart."""
    return _listing("totals", Text("totals", "汇总"), title, groups, by, _TOTALS, _totals)


def statistics_listing(groups: Mapping[tuple[Any, ...], Collected], by: Sequence[Dimension], title: Text) -> Listing:
    """Return sums with what became of the money."""
    return _listing("collected", Text("collected", "收费"), title, groups, by, _STATISTICS, _statistics)


def mismatches(snapshots: Sequence[Snapshot], period: Period, criteria: Criteria) -> int:
    """Say where the undos of a bank's day are not those that its payments tell of; return on how many days.

    Nothing that the daemons do makes them differ: rows were changed or deleted by something else.
    """
    by = (Dimension.BANK, Dimension.DAY)
    of_banks = Criteria(banks=criteria.banks)
    by_states: dict[tuple[str, date], Undone] = {
        (key[0], key[1]): Undone(sums.cancelled_count, sums.cancelled_fen, sums.reversed_count, sums.reversed_fen)
        for key, sums in collected(snapshots, period, of_banks, by).items()
    }
    by_rows = undone(snapshots, period, of_banks)
    days = sorted(by_states.keys() | by_rows.keys())
    wrong = [key for key in days if by_states.get(key, Undone()) != by_rows.get(key, Undone())]
    for bank, day in wrong:
        states, rows = by_states.get((bank, day), Undone()), by_rows.get((bank, day), Undone())
        click.echo(
            say(
                en=f"{bank} {day}: payments say {_said(states)}, undos say {_said(rows)}",
                zh=f"{bank} {day}: 按交费状态为 {_said(states)}, 按冲销流水为 {_said(rows)}",
            ),
            err=True,
        )
    return len(wrong)


def _said(sums: Undone) -> str:
    return "/".join(map(str, sums))


def _listing(
    name: str,
    tab: Text,
    title: Text,
    groups: Mapping[tuple[Any, ...], Collected],
    by: Sequence[Dimension],
    columns: Sequence[Column],
    cells: Any,
) -> Listing:
    rows = [[*key_cells(by, key), *cells(sums)] for key, sums in groups.items()]
    last = [*total_cells(by), *cells(total(list(groups.values())))] if by else None
    return Listing(name, title, tab, [*key_columns(by), *columns], rows, last)


def _totals(sums: Collected) -> list[int]:
    return [
        *(sums.pay_count, sums.amount_fen, sums.cancelled_count, sums.cancelled_fen),
        *(sums.reversed_count, sums.reversed_fen, sums.net_count, sums.net_fen),
    ]


def _statistics(sums: Collected) -> list[int]:
    return [
        *(sums.pay_count, sums.amount_fen, sums.undone_count, sums.undone_fen, sums.net_count, sums.net_fen),
        *(sums.principal_fen, sums.late_fee_fen, sums.balance_change_fen),
    ]
