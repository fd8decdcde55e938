"""Debit posting 回盘: what one row of a debit result does: a payment under the bank's identity, or a bill set free.

| the bank says | and here                                     | then                                            |
|---------------|----------------------------------------------|-------------------------------------------------|
| debited       | the listed amount, the bill is unsettled     | settles it with the listed late fee             |
| debited       | another amount, or settled meanwhile         | all to the balance, the bill set free, reported |
| debited       | its identity is a payment of the same money  | that is it: nothing is posted again, reported   |
| debited       | its identity is anything else                | the row stays as it is, reported                |
| not debited   |                                              | the bill is set free                            |

Each payment and the state of its row are stored in one transaction, so that a row is posted once however often its file
comes. No limit and no pay window holds for what the utility itself asked for.
"""

from dataclasses import replace
from enum import Enum

from dbgate.books.records import Debit
from dbgate.books.states import DebitState
from dbgate.changes import Changes, LimitUse
from dbgate.record import record
from dbgate.records import (
    Account,
    Bill,
    BillState,
    Identity,
    LimitKey,
    Movement,
    Payment,
    PaymentState,
)
from dbgate.work import Decision, Moment, Needs
from dbgate.working_set import WorkingSet
from handlers.dues import Due, dues_on
from handlers.posting import changes_of, posted
from handlers.requests import promised
from handlers.terms import AMOUNT_CEILING_FEN, BankTerms, LateFeeRates
from handlers.versions import reopened
from protocol.canonical.codes import Instrument
from protocol.files.canonical import DebitResult, DebitResultRow

BATCH_CHANNEL = 10
"""Channel of what banks collect in batches."""

NO_DIGEST = ""
"""Content of what no request has asked for: a PAY under the same identity is never its repeat."""


class Finding(Enum):
    """What an operator should know of a row."""

    AMOUNT_DIFFERS = "amount_differs"  # to the balance
    BILL_SETTLED = "bill_settled"  # to the balance: it was settled meanwhile
    KNOWN_PAYMENT = "known_payment"  # was posted before, by a request or an operator: no money moves
    IDENTITY_TAKEN = "identity_taken"  # not posted
    ACCOUNT_MISSING = "account_missing"  # not posted
    BALANCE_TOO_HIGH = "balance_too_high"  # not posted


@record
class Posting:
    """What became of a row: its state afterwards, and what is to be said about it now."""

    state: DebitState
    finding: Finding | None = None


def needs(bank_code: str, batch_no: int, row: DebitResultRow) -> Needs:
    """Return the account with its bills, its rows of the batch, the identity of the debit and a number."""
    is_debited = row.result is DebitResult.DEBITED
    return Needs(
        bank_code,
        account_no=row.account_no,
        own=identity_of(bank_code, row) if is_debited else None,
        debit_batch=batch_no,
        serial=is_debited,
    )


def identity_of(bank_code: str, row: DebitResultRow) -> Identity:
    """Return the identity of the payment that a row says was debited."""
    return Identity(bank_code, promised(row.debit_date, "date of a debit"), row.debit_serial)


def decide(
    bank: BankTerms, batch_no: int, row: DebitResultRow, rates: LateFeeRates, records: WorkingSet, moment: Moment
) -> Decision:
    """Return what ``row`` does, as the table above says; a row that was posted before does nothing."""
    debit = promised(records.books.debit(batch_no, row.bill_no), "row of the batch")
    if debit.state is not DebitState.LISTED:
        return Decision(Posting(debit.state))
    if row.result is not DebitResult.DEBITED:
        refused = replace(debit, state=DebitState.REFUSED, result=row.result.value)
        return Decision(Posting(DebitState.REFUSED), Changes(bills=_freed(debit, records), debits=(refused,)))
    debited = replace(
        debit,
        result=row.result.value,
        debited_fen=row.debited_fen,
        debit_date=row.debit_date,
        debit_serial=row.debit_serial,
    )
    stored = records.payment(identity_of(bank.bank_code, row))
    if stored is not None:
        return _known(debited, stored, records)
    account = records.account(debit.account_no)
    if account is None:
        return Decision(Posting(DebitState.LISTED, Finding.ACCOUNT_MISSING))
    return _post(bank, debited, account, rates, records, moment)


def _known(debited: Debit, stored: Payment, records: WorkingSet) -> Decision:
    """Take what stands under the identity for this debit when it is a standing payment of the same money."""
    is_same = (stored.account_no, stored.amount_fen) == (debited.account_no, debited.debited_fen)
    is_standing = stored.movement is Movement.PAY and stored.state is PaymentState.POSTED
    if not is_same or not is_standing or _is_other_debit(stored):
        return Decision(Posting(DebitState.LISTED, Finding.IDENTITY_TAKEN))
    moved = replace(debited, state=DebitState.TO_BALANCE, fep_serial=stored.fep_serial)
    changes = Changes(bills=_freed(debited, records), debits=(moved,))
    return Decision(Posting(DebitState.TO_BALANCE, Finding.KNOWN_PAYMENT), changes)


def _is_other_debit(stored: Payment) -> bool:
    """Tell whether a payment is that of another row: this one's own would have moved it, in one transaction."""
    return stored.channel == BATCH_CHANNEL and stored.digest == NO_DIGEST and stored.mends_date is None


def _post(
    bank: BankTerms, debited: Debit, account: Account, rates: LateFeeRates, records: WorkingSet, moment: Moment
) -> Decision:
    unsettled = records.unsettled_bills(account.account_no)
    bill = next((each for each in unsettled if each.bill_no == debited.bill_no), None)
    finding = _why_to_balance(debited, bill)
    items = (Due(bill, debited.late_fee_fen),) if bill is not None and finding is None else ()
    rest = unsettled if not items else [each for each in unsettled if each is not bill]
    payment = posted(
        account,
        debited.debited_fen,
        items,
        dues_on(moment.now.date(), rest, account.user_class, rates).total_fen,
        moment,
        identity=Identity(bank.bank_code, promised(debited.debit_date, "date of a debit"), debited.debit_serial),
        channel=BATCH_CHANNEL,
        instrument=int(Instrument.TRANSFER),
        digest=NO_DIGEST,
    )
    if payment.balance_after_fen > AMOUNT_CEILING_FEN:
        return Decision(Posting(DebitState.LISTED, Finding.BALANCE_TOO_HIGH))
    state = DebitState.SETTLED if items else DebitState.TO_BALANCE
    changes = changes_of(payment, account, items, _limit_uses(bank, payment))
    freed = () if items else _freed(debited, records)
    moved = replace(debited, state=state, fep_serial=payment.fep_serial)
    return Decision(Posting(state, finding), replace(changes, bills=changes.bills + freed, debits=(moved,)))


def _why_to_balance(debited: Debit, bill: Bill | None) -> Finding | None:
    """Return why a debit settles no bill, None when it settles its own."""
    if bill is None:
        return Finding.BILL_SETTLED
    return None if debited.debited_fen == debited.due_fen else Finding.AMOUNT_DIFFERS


def _limit_uses(bank: BankTerms, payment: Payment) -> tuple[LimitUse, ...]:
    """Count it under the channel's daily limit, if any: it does not bound debits, but gets back their undos."""
    if payment.channel not in bank.daily_limit_fen:
        return ()
    key = LimitKey(bank.bank_code, payment.channel, payment.clearing_date)
    return (LimitUse(key, payment.amount_fen, None),)


def _freed(debit: Debit, records: WorkingSet) -> tuple[Bill, ...]:
    """Return the row's bill as open again, if the batch still holds it."""
    bill = records.bill(debit.bill_no)
    return (reopened(bill),) if bill is not None and bill.state is BillState.IN_DEBIT else ()
