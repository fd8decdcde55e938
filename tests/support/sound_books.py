"""Books in which everything agrees 相符的账: made by the gate's own work, with a row of every kind in them.

| account | what                                                                     |
|---------|--------------------------------------------------------------------------|
| 0       | both bills settled as 1 (300 fen)                                        |
| 1       | both bills settled as 2, reversed as 3, settled again as 4               |
| 2       | 500 deposited as 5                                                       |
| 3       | a reversal 6 of 99, which never arrived                                  |
| 4       | its first bill listed in debit batch 11, which is out                    |
| 5       | both bills settled as 7, by debit batch 10, which is back                |
| 20      | opened with 250, of which its bill of 200 was settled                    |

The day before is reconciled, with nothing in it, and so is the present one, as batches 1 and 2.
"""

from datetime import time, timedelta
from functools import partial
from typing import Any

from dbgate.books.states import BatchState, DebitState
from dbgate.books.tables import debit_batches, debit_rows, reconciliations
from dbgate.bulk import load_rows
from dbgate.database import Database
from dbgate.job import Job, job
from dbgate.load_kinds import ACCOUNTS, BILLS
from dbgate.records import BillState
from dbgate.tables import bills, clearing_dates
from dbgate.work import Work
from handlers import apply_balance
from handlers.terms import LateFeeRates
from tests.dbgate.fixtures import BANK, DAY, account_no, account_row, deposit, fill, identity, settle, undo
from tests.support.report_ledger import TEN

CUT_OFFS = {BANK: time(23, 30)}


def keep_sound(database: Database) -> None:
    """Make the books in an empty database that has the schema and whose clock stands at ``DAY``."""
    fill(database, 6)
    load_rows(database, ACCOUNTS, [account_row(20, 250)])
    load_rows(database, BILLS, [("DB000020A", account_no(20), 202610, 1, 1, 0, 1, 200, 20991231)])
    with job(database, CUT_OFFS) as each:
        for works in ([settle(0, 1), settle(1, 2), deposit(2, 5, 500), settle(5, 7)], [undo(1, 3, identity(2))]):
            _run(each, *works)
        _run(each, settle(1, 4), undo(3, 6, identity(99)))
        number = account_no(20)
        decide = partial(apply_balance.decide, number, LateFeeRates())
        [applied] = each.run([(apply_balance.needs(number), decide)])
        assert applied == apply_balance.Applied(1, 200)
    _keep_books(database)


def _run(each: Job, *works: Work) -> None:
    for answer in each.run([(work.needs, work.decide) for work in works]):
        assert not isinstance(answer, Exception | str), answer


def _keep_books(database: Database) -> None:
    with database.money_engine.begin() as connection:
        connection.execute(clearing_dates.update().values(first_date=DAY - timedelta(days=1)))
        held = bills.c.bill_no == "DB000004A"
        connection.execute(bills.update().where(held).values(state=BillState.IN_DEBIT))
        day_before = {"clearing_date": DAY - timedelta(days=1), "batch_no": 1, "fep_row_count": 0, "fep_total_fen": 0}
        # 300 + 300 - 300 + 300 + 500 + 300
        of_day = {"clearing_date": DAY, "batch_no": 2, "fep_row_count": 6, "fep_total_fen": 1_400}
        connection.execute(reconciliations.insert(), [_reconciliation | day_before, _reconciliation | of_day])
        connection.execute(debit_batches.insert(), [_batch(10, BatchState.BACK, 2, 300), _batch(11, BatchState.OUT, 1)])
        [serial] = connection.execute(bills.select().where(bills.c.bill_no == "DB000005A"))
        posted = {"state": DebitState.SETTLED, "fep_serial": serial.settled_by, "debited_fen": 300}
        refused = {"state": DebitState.REFUSED, "result": "01"}
        for row in (
            # One payment settled both bills: as if the bank had debited them together.
            _row(10, "DB000005A", 5, 300) | posted,
            _row(10, "DB000004B", 4, 200) | refused,
            _row(11, "DB000004A", 4, 100),
        ):
            connection.execute(debit_rows.insert(), row)


_reconciliation: dict[str, Any] = {
    "bank_code": BANK,
    "file_name": "DZ.txt",
    "file_digest": "00",
    "bank_row_count": 0,
    "bank_total_fen": 0,
    **{
        f"{name}_count": 0
        for name in ("matched", "amount_differs", "state_differs", "only_bank", "only_fep", "in_flight")
    },
    "done_at": TEN,
}


def _batch(batch_no: int, state: BatchState, row_count: int, debited_fen: int = 0) -> dict[str, Any]:
    return {
        "batch_no": batch_no,
        "bank_code": BANK,
        "month": 202609,
        "number_in_month": batch_no,
        "state": state,
        "fee_date": DAY,
        "row_count": row_count,
        "total_fen": 500 if debited_fen else 100,
        "made_at": TEN,
        "debited_count": 1 if debited_fen else 0,
        "debited_fen": debited_fen,
    }


def _row(batch_no: int, bill_no: str, account: int, principal_fen: int) -> dict[str, Any]:
    return {
        "batch_no": batch_no,
        "bill_no": bill_no,
        "account_no": account_no(account),
        "month": 202609,
        "seq": 1,
        "principal_fen": principal_fen,
        "late_fee_fen": 0,
        "state": DebitState.LISTED,
        "debited_fen": 0,
    }
