"""Debts 欠费表: sums of unsettled bills with their late fees, and the list of them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from dbgate.reports.arrears import Arrears, ArrearsBill, arrears, arrears_bills, overdue_bills
from dbgate.reports.criteria import Criteria, Dimension, Period
from dbgate.reports.snapshots import Snapshot
from fep.commands.reports.words import BILL_STATES, CLASSES, MODES, key_cells, key_columns, total_cells
from fep.language import Text
from fep.listings.listing import Column, Kind, Listing
from handlers.late_fee import late_fee
from handlers.terms import LateFeeRates

_SUMS = (
    Column(Text("households", "欠费户数"), Kind.COUNT),
    Column(Text("bills", "欠费笔数"), Kind.COUNT),
    Column(Text("principal", "欠费本金"), Kind.YUAN),
    Column(Text("overdue bills", "逾期笔数"), Kind.COUNT),
    Column(Text("overdue", "逾期本金"), Kind.YUAN),
    Column(Text("in debit", "代扣中本金"), Kind.YUAN),
    Column(Text("late fee", "违约金"), Kind.YUAN),
    Column(Text("with late fee", "欠费合计"), Kind.YUAN),
)
_BILL = (
    Column(Text("account", "户号"), Kind.ACCOUNT),
    Column(Text("supply branch", "供电分公司")),
    Column(Text("class", "用户类别")),
    Column(Text("collected by", "收费方式")),
    Column(Text("bill", "应收凭证号")),
    Column(Text("month", "电费年月"), Kind.MONTH),
    Column(Text("due date", "到期日"), Kind.DAY),
    Column(Text("days overdue", "逾期天数"), Kind.COUNT),
    Column(Text("principal", "本金"), Kind.YUAN),
    Column(Text("late fee", "违约金"), Kind.YUAN),
    Column(Text("with late fee", "合计"), Kind.YUAN),
    Column(Text("state", "状态")),
    Column(Text("account balance", "户预存余额"), Kind.YUAN),
)
_CUSTOMER = (Column(Text("name", "户名")), Column(Text("address", "用电地址")))


@dataclass(frozen=True, slots=True)
class Debts:
    """Which debts, and what they cost.

    Attributes:
        on: the day that late fees are counted to.
        due: only bills that fell due in this time; None for all.
    """

    snapshots: Sequence[Snapshot]
    on: date
    due: Period | None
    criteria: Criteria
    rates: LateFeeRates


def sums_listing(debts: Debts, by: Sequence[Dimension], title: Text) -> Listing:
    """Return unsettled bills by group; the total is asked for by itself, for it counts each household once."""
    groups = arrears(debts.snapshots, debts.on, debts.due, debts.criteria, by)
    fees = _late_fees(debts, by)
    rows = [[*key_cells(by, key), *_cells(sums, fees[key])] for key, sums in groups.items()]
    total = None
    if by:
        whole = arrears(debts.snapshots, debts.on, debts.due, debts.criteria, ()).get((), Arrears())
        total = [*total_cells(by), *_cells(whole, sum(fees.values()))]
    return Listing("arrears", title, Text("arrears", "欠费"), [*key_columns(by), *_SUMS], rows, total)


def list_listing(debts: Debts, title: Text, *, with_names: bool, row_count: int) -> Listing:
    """Return the list of unsettled bills, read while it is shown."""
    columns = [*_BILL, *_CUSTOMER] if with_names else _BILL
    rows = _bill_rows(debts, with_names)
    return Listing("list", title, Text("list", "清单"), columns, rows, is_list=True, row_count=row_count)


def _late_fees(debts: Debts, by: Sequence[Dimension]) -> Counter[tuple[Any, ...]]:
    """Return the late fees of each group, bill by bill in what they cost, but asked once for equal bills."""
    fees: Counter[tuple[Any, ...]] = Counter()
    for equal in overdue_bills(debts.snapshots, debts.on, debts.due, debts.criteria, by):
        fee_fen = late_fee(equal.principal_fen, equal.user_class, equal.due_date, debts.on, debts.rates)
        fees[equal.key] += fee_fen * equal.bill_count
    return fees


def _cells(sums: Arrears, late_fee_fen: int) -> list[int]:
    return [*sums, late_fee_fen, sums.principal_fen + late_fee_fen]


def _bill_rows(debts: Debts, with_names: bool) -> Iterator[list[Any]]:
    for bill in arrears_bills(debts.snapshots, debts.due, debts.criteria):
        cells = _bill_cells(bill, debts)
        yield [*cells, bill.name, bill.address] if with_names else cells


def _bill_cells(bill: ArrearsBill, debts: Debts) -> list[Any]:
    fee_fen = late_fee(bill.principal_fen, bill.user_class, bill.due_date, debts.on, debts.rates)
    return [
        *(bill.account_no, bill.supply_branch, CLASSES[bill.user_class], MODES[bill.collect_mode]),
        *(bill.bill_no, bill.month, bill.due_date, max(0, (debts.on - bill.due_date).days)),
        *(bill.principal_fen, fee_fen, bill.principal_fen + fee_fen, BILL_STATES[bill.state], bill.balance_fen),
    ]
