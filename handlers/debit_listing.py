"""Debit listing 出盘: which bills of an account join a debit batch, and what each is to cost its bank's customer."""

from collections.abc import Callable

from dbgate.books.records import Debit, DebitBatch
from dbgate.books.states import DebitState, MandateState
from dbgate.changes import NOTHING, Changes
from dbgate.record import record
from dbgate.records import AccountState, Bill, BillState
from dbgate.tables import NAME_CHARS
from dbgate.work import Decision, Moment, Needs
from dbgate.working_set import WorkingSet
from handlers.late_fee import late_fee
from handlers.terms import LateFeeRates
from handlers.versions import in_debit

Fits = Callable[[Debit], bool]
"""Whether the bank's file can hold the row."""


@record
class Listed:
    """What became of one account: bills that joined, and the numbers of those that the bank's file cannot hold."""

    bill_count: int = 0
    unfit: tuple[str, ...] = ()


def needs(bank_code: str, account_no: str, batch_no: int) -> Needs:
    """Return the account with its bills, its mandate, what the batch lists of it, and whether it is being pushed."""
    return Needs(bank_code, account_no=account_no, mandate=True, debit_batch=batch_no, pushing=True)


def decide(
    batch: DebitBatch, account_no: str, rates: LateFeeRates, fits: Fits, records: WorkingSet, _moment: Moment
) -> Decision:
    """Return the account's open bills of the batch's month as held by the batch.

    Nothing is listed of an account that is suspended or closed, whose mandate has ended or is another bank's, or whose
    bank has been asked to debit a bill of it already (``WorkingSet.books.is_pushing``). A bill over nothing stays open:
    there is nothing to debit. Deciding again lists nothing twice.
    """
    account, mandate = records.account(account_no), records.books.mandate(account_no)
    if account is None or account.state is not AccountState.ACTIVE or records.books.is_pushing(account_no):
        return Decision(Listed())
    if mandate is None or mandate.state is not MandateState.ACTIVE or mandate.bank_code != batch.bank_code:
        return Decision(Listed())
    joining: list[tuple[Bill, Debit]] = []
    unfit = []
    for bill in records.unsettled_bills(account_no):
        is_listed = records.books.debit(batch.batch_no, bill.bill_no) is not None
        if bill.month != batch.month or bill.state is not BillState.OPEN or not bill.principal_fen or is_listed:
            continue
        debit = Debit(
            batch_no=batch.batch_no,
            bill_no=bill.bill_no,
            account_no=account_no,
            row_no=None,
            name=(mandate.name or account.name)[:NAME_CHARS],
            passbook=mandate.passbook,
            month=bill.month,
            seq=bill.seq,
            principal_fen=bill.principal_fen,
            late_fee_fen=late_fee(bill.principal_fen, account.user_class, bill.due_date, batch.fee_date, rates),
            state=DebitState.LISTED,
        )
        if fits(debit):
            joining.append((bill, debit))
        else:
            unfit.append(bill.bill_no)
    changes = NOTHING
    if joining:
        bills, debits = zip(*joining, strict=True)
        changes = Changes(bills=tuple(map(in_debit, bills)), debits=debits)
    return Decision(Listed(len(joining), tuple(unfit)), changes)
