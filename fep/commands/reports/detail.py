"""Detail 交易明细表: payments, cancels and reversals, one row each."""

from collections.abc import Iterator, Sequence
from typing import Any

from dbgate.reports.criteria import Criteria, Period
from dbgate.reports.details import Detail, details
from dbgate.reports.snapshots import Snapshot
from fep.commands.reports.words import INSTRUMENTS, MOVEMENTS, OUTCOMES, STATES, channel
from fep.language import Text
from fep.listings.listing import Column, Kind, Listing, fep_serial

_NAME = Column(Text("name", "户名"))
_COLUMNS = (
    Column(Text("clearing date", "清算日期"), Kind.DAY),
    Column(Text("time", "时间"), Kind.MOMENT),
    Column(Text("bank", "银行")),
    Column(Text("bank date", "银行日期"), Kind.DAY),
    Column(Text("bank serial", "银行流水号")),
    Column(Text("FEP serial", "前置流水号")),
    Column(Text("transaction", "交易")),
    Column(Text("state", "状态")),
    Column(Text("account", "户号"), Kind.ACCOUNT),
    Column(Text("amount", "金额"), Kind.YUAN),
    Column(Text("of it principal", "其中电费"), Kind.YUAN),
    Column(Text("late fee", "其中违约金"), Kind.YUAN),
    Column(Text("balance change", "预存变动"), Kind.YUAN),
    Column(Text("outlet", "网点")),
    Column(Text("teller", "柜员")),
    Column(Text("channel", "渠道")),
    Column(Text("instrument", "支付方式")),
    Column(Text("original date", "原银行日期"), Kind.DAY),
    Column(Text("original serial", "原流水号")),
    Column(Text("adjustment mends", "调账所调日期"), Kind.DAY),
)


def detail_listing(
    snapshots: Sequence[Snapshot],
    period: Period,
    criteria: Criteria,
    title: Text,
    *,
    with_names: bool,
    row_count: int,
) -> Listing:
    """Return the listing of all transactions of a period, read while it is shown."""
    columns = [*_COLUMNS, _NAME] if with_names else _COLUMNS
    rows = _rows(details(snapshots, period, criteria), with_names)
    return Listing("detail", title, Text("detail", "明细"), columns, rows, is_list=True, row_count=row_count)


def _rows(found: Iterator[Detail], with_names: bool) -> Iterator[list[Any]]:
    for detail in found:
        cells = [
            *(detail.clearing_date, detail.created_at, detail.bank_code, detail.bank_date, detail.bank_serial),
            fep_serial(detail.fep_serial),
            MOVEMENTS.get(detail.movement, detail.movement.value),
            STATES[detail.state] if detail.outcome is None else OUTCOMES.get(detail.outcome, str(detail.outcome)),
            *(detail.account_no, detail.amount_fen, detail.principal_fen, detail.late_fee_fen),
            *(detail.balance_change_fen, detail.outlet, detail.teller, channel(detail.channel)),
            INSTRUMENTS.get(detail.instrument or 0),
            *(detail.original_date, detail.original_serial, detail.mends_date),
        ]
        yield [*cells, detail.account_name] if with_names else cells
