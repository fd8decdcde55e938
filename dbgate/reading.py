"""Reading 查询: the set statements of read work, which lock nothing; one read-only snapshot for the whole batch."""

from collections.abc import Sequence
from datetime import datetime, time
from functools import lru_cache

from sqlalchemy import Connection, Select, bindparam, func, or_, select

from dbgate import rows
from dbgate.loading import ACCOUNTS, fetch, fetch_payments, load_days, load_rest, load_unsettled
from dbgate.records import DayTotals, Movement
from dbgate.tables import accounts, bills, payments
from dbgate.wanted import Wanted, in_chunks
from dbgate.working_set import WorkingSet

ACCOUNTS_PER_KEY_MAX = 16
"""Accounts loaded for one meter or passbook: two are enough to know that several fit, and a firm's bank account may
stand in a thousand mandates."""

PAYMENTS_MAX = 3_840
"""Newest payments loaded for one account: the 255 pages of 15 that a bank can ask for, and no more, so that an account
paid in a thousand small sums does not hold up everybody's queries."""

_PAYMENTS_SINCE = (
    select(*rows.PAYMENT_COLUMNS)
    .where(
        payments.c.account_no == bindparam("account_no"),
        payments.c.created_at >= bindparam("since"),
        payments.c.movement == Movement.PAY,
    )
    .order_by(payments.c.created_at.desc())
    .limit(PAYMENTS_MAX)
)
_BILLS_SINCE = select(*rows.BILL_COLUMNS).where(
    bills.c.account_no == bindparam("account_no"), bills.c.month >= bindparam("since")
)
_BY_SERIAL = select(*rows.PAYMENT_COLUMNS).where(payments.c.fep_serial.in_(bindparam("items", expanding=True)))
# PAY every payment posted in that day, later undone or not; CANCEL those answered 0000, which are the stored ones;
# REVERSE those that undid something.
_TOTALS = (
    select(payments.c.movement, func.count(), func.sum(payments.c.amount_fen))
    .where(
        payments.c.bank_code == bindparam("bank_code"),
        payments.c.clearing_date == bindparam("clearing_date"),
        or_(
            payments.c.movement.in_([Movement.PAY, Movement.CANCEL]),
            (payments.c.movement == Movement.REVERSE) & (payments.c.outcome == 1),
        ),
    )
    .group_by(payments.c.movement)
)


def load_read(connection: Connection, wanted: Wanted) -> WorkingSet:
    """Load what a batch of read work wants, in the one snapshot that ``connection`` stands in."""
    working_set = WorkingSet()
    load_days(connection, wanted.bank_codes, working_set, shared=False)
    if wanted.account_nos:
        working_set.add_accounts(fetch(connection, ACCOUNTS, wanted.account_nos, rows.account_of))
    for column in sorted(wanted.keys):
        _load_by_key(connection, column, sorted(wanted.keys[column]), working_set)
    if wanted.originals:
        working_set.add_journal(fetch_payments(connection, wanted.originals))
    load_rest(connection, wanted, working_set)
    _load_histories(connection, wanted, working_set)
    for bank_code, clearing_date in sorted(wanted.totals):
        parameters = {"bank_code": bank_code, "clearing_date": clearing_date}
        found = {row[0]: (int(row[1]), int(row[2])) for row in connection.execute(_TOTALS, parameters)}
        pay, cancel, reverse = (
            found.get(movement, (0, 0)) for movement in (Movement.PAY, Movement.CANCEL, Movement.REVERSE)
        )
        working_set.add_totals(bank_code, clearing_date, DayTotals(*pay, *cancel, *reverse))
    return working_set


def _load_by_key(connection: Connection, column: str, values: Sequence[str], working_set: WorkingSet) -> None:
    found = []
    for chunk in in_chunks(values):
        found += [rows.account_of(row) for row in connection.execute(_accounts_by(column), {"items": chunk}).all()]
    if found:
        working_set.add_accounts(found)
        load_unsettled(connection, sorted(account.account_no for account in found), working_set)


# Three columns: account_no, meter_no, passbook.
@lru_cache(maxsize=3)
def _accounts_by(column: str) -> Select[tuple[object, ...]]:
    key = accounts.c[column]
    place = func.row_number().over(partition_by=key, order_by=accounts.c.account_no).label("place")
    fitting = (
        select(*rows.ACCOUNT_COLUMNS, place).where(key.in_(bindparam("items", expanding=True))).subquery("fitting")
    )
    columns = [column for column in fitting.c if column is not fitting.c.place]
    return select(*columns).where(fitting.c.place <= ACCOUNTS_PER_KEY_MAX)


def _load_histories(connection: Connection, wanted: Wanted, working_set: WorkingSet) -> None:
    for account_no, day in sorted(wanted.payments_since.items()):
        parameters = {"account_no": account_no, "since": datetime.combine(day, time.min)}
        working_set.add_journal(map(rows.payment_of, connection.execute(_PAYMENTS_SINCE, parameters).all()))
    settled_by: set[int] = set()
    for account_no, month in sorted(wanted.bills_since.items()):
        found = connection.execute(_BILLS_SINCE, {"account_no": account_no, "since": month}).all()
        history = list(map(rows.bill_of, found))
        working_set.add_bills(history)
        settled_by.update(bill.settled_by for bill in history if bill.settled_by is not None)
    working_set.add_journal(fetch(connection, _BY_SERIAL, sorted(settled_by), rows.payment_of))
