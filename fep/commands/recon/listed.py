"""``fep recon list`` 差异列表: what reconciliations have found, and what has become of it."""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

from dbgate.books.differences import Difference, listed
from dbgate.books.states import DifferenceState
from fep.command_line import Choice, command, config_option, option
from fep.commands.recon.words import ACTS, STATES, matching_of, side_cells
from fep.commands.reports.options import bank_option, day_option, output_options, period_of, period_options
from fep.commands.reports.sources import open_sources
from fep.exits import EXIT_DONE
from fep.language import Text
from fep.listings.listing import Column, Kind, Listing
from fep.listings.outputs import Outputs

UNFINISHED = (DifferenceState.OPEN, DifferenceState.PROPOSED, DifferenceState.CARRIED)
"""What is shown unless states are named: all that somebody, or the next day, still has to settle."""

_COLUMNS = (
    Column(Text("number", "编号")),
    Column(Text("bank", "银行")),
    Column(Text("clearing date", "清算日期"), Kind.DAY),
    Column(Text("class", "类别")),
    Column(Text("state", "处理状态")),
    Column(Text("bank date", "银行日期"), Kind.DAY),
    Column(Text("bank serial", "银行流水号")),
    Column(Text("bank's account", "银行方户号"), Kind.ACCOUNT),
    Column(Text("bank's transaction", "银行方交易")),
    Column(Text("bank's amount", "银行方金额"), Kind.YUAN),
    Column(Text("bank's state", "银行方状态")),
    Column(Text("FEP's account", "前置方户号"), Kind.ACCOUNT),
    Column(Text("FEP's transaction", "前置方交易")),
    Column(Text("FEP's amount", "前置方金额"), Kind.YUAN),
    Column(Text("FEP's state", "前置方状态")),
    Column(Text("FEP serial", "前置流水号")),
    Column(Text("other half on", "另一方日期"), Kind.DAY),
    Column(Text("act", "处理方式")),
    Column(Text("proposed by", "经办人")),
    Column(Text("approved by", "复核人")),
)


@command(
    "list",
    en="""List differences: those that are open, proposed or carried, unless --state says otherwise.

Customers' names are not shown; `fep recon show NUMBER` tells all about one.""",
    zh="""列出差异: 未处理、待复核和结转的; 用 --state 可另选。

不显示户名; 单笔详情见 `fep recon show 编号`。""",
)
@config_option
@bank_option
@day_option(en="Only of this clearing date.", zh="仅此清算日期。")
@period_options
@option(
    *("--state", "states"),
    multiple=True,
    type=Choice(*(state.value for state in DifferenceState), "all"),
    en="Only in this state; may be repeated; all shows every one.",
    zh="仅此处理状态; 可重复; all 为全部。",
)
@output_options
def list_differences(
    config_path: Path,
    banks: tuple[str, ...],
    day: date | None,
    first: date | None,
    last: date | None,
    states: tuple[str, ...],
    outputs: Outputs,
) -> int:
    """Show a row for each difference."""
    period = period_of(day, first, last)
    wanted = () if "all" in states else tuple(map(DifferenceState, states)) or UNFINISHED
    with open_sources(config_path) as sources, outputs:
        sources.require_banks(banks)
        found = listed(
            sources.snapshots[0],
            banks=banks,
            first=period.first if period else None,
            last=period.last if period else None,
            states=wanted,
        )
        outputs.show(differences_listing(found, Text("Differences", "对账差异")))
    return EXIT_DONE


def differences_listing(found: Iterable[Difference], title: Text) -> Listing:
    """Return the listing of differences."""
    return Listing("differences", title, Text("differences", "差异"), _COLUMNS, _rows(found))


def _rows(found: Iterable[Difference]) -> Iterator[list[Any]]:
    for each in found:
        yield [
            str(each.difference_no),
            *(each.identity.bank_code, each.clearing_date, matching_of(each), STATES[each.state]),
            *(each.identity.bank_date, each.identity.bank_serial),
            *side_cells(each.bank),
            *side_cells(each.fep),
            None if each.fep_serial is None else f"{each.fep_serial:012d}",
            each.other_date,
            None if each.act is None else ACTS[each.act],
            *(each.proposed_by or None, each.approved_by or None),
        ]
