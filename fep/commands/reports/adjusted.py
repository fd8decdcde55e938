"""Adjusted 调账表: what operators posted and undid for days that were over, as lines of its own beside all totals."""

from collections.abc import Mapping

from dbgate.reports.adjustments import AdjustmentDay, Adjustments
from fep.commands.reports.words import TOTAL
from fep.language import Text
from fep.listings.listing import Column, Kind, Listing
from fep.listings.outputs import Outputs

_COLUMNS = (
    Column(Text("bank", "银行")),
    Column(Text("clearing date", "清算日期"), Kind.DAY),
    Column(Text("mends", "所调日期"), Kind.DAY),
    Column(Text("posted payments", "补账笔数"), Kind.COUNT),
    Column(Text("posted", "补账金额"), Kind.YUAN),
    Column(Text("undone payments", "冲销笔数"), Kind.COUNT),
    Column(Text("undone", "冲销金额"), Kind.YUAN),
    Column(Text("net", "净额"), Kind.YUAN),
)


def show_adjustments(outputs: Outputs, found: Mapping[AdjustmentDay, Adjustments], when: str) -> None:
    """Show the adjustments made in a period, if there are any: on most days there are none."""
    if found:
        outputs.show(adjustments_listing(found, Text(f"Adjustments made {when}", f"调账 {when}")))


def adjustments_listing(found: Mapping[AdjustmentDay, Adjustments], title: Text) -> Listing:
    """Return the listing of adjustments, which count in no totals."""
    rows = [[*day, *sums, sums.net_fen] for day, sums in found.items()]
    total = Adjustments(*map(sum, zip(*found.values(), strict=True)))
    last = [TOTAL, None, None, *total, total.net_fen]
    return Listing("adjustments", title, Text("adjustments", "调账"), _COLUMNS, rows, last)
