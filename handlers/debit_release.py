"""Debit release 代扣释放: sets the bills of an account free that a batch still holds."""

from dataclasses import replace

from dbgate.books.states import DebitState
from dbgate.changes import NOTHING, Changes
from dbgate.records import BillState
from dbgate.work import Decision, Moment, Needs
from dbgate.working_set import WorkingSet
from handlers.versions import reopened


def needs(bank_code: str, account_no: str, batch_no: int) -> Needs:
    """Return the account with its bills and its rows of the batch."""
    return Needs(bank_code, account_no=account_no, debit_batch=batch_no)


def decide(batch_no: int, account_no: str, records: WorkingSet, _moment: Moment) -> Decision:
    """Return every row that is still listed as released and its bill as open; answers how many there were.

    What the bank's result has posted or refused already stays so.
    """
    listed = [each for each in records.books.debits_of(batch_no, account_no) if each.state is DebitState.LISTED]
    if not listed:
        return Decision(0, NOTHING)
    bills = [records.bill(debit.bill_no) for debit in listed]
    return Decision(
        len(listed),
        Changes(
            bills=tuple(reopened(bill) for bill in bills if bill is not None and bill.state is BillState.IN_DEBIT),
            debits=tuple(replace(debit, state=DebitState.RELEASED) for debit in listed),
        ),
    )
