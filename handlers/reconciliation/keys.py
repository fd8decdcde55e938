"""Keys of the bank's rows 银行流水对账键: for equal rows the texts that ``dbgate.books.day_keys`` gives."""

from datetime import date

from dbgate.books import day_keys
from dbgate.books.day_keys import key_of, key_prefix
from dbgate.books.differences import Side
from dbgate.records import Identity, Movement, Payment
from handlers.bank_view import MONEY_REQUESTS, ORIGINAL_STATES
from handlers.reconciliation.entries import TXN_CODES
from protocol.canonical.codes import OriginalState
from protocol.files.canonical import ReconcileRow
from protocol.files.columns import Columns
from protocol.transactions import Transaction

_MOVEMENTS = {MONEY_REQUESTS[each]: each for each in (Movement.PAY, Movement.CANCEL, Movement.REVERSE)}
_STATES = {theirs: ours for ours, theirs in ORIGINAL_STATES.items()}
_TRANSACTIONS = {code: transaction for transaction, code in TXN_CODES.items()}


def keys_of(rows: Columns[ReconcileRow]) -> list[str]:
    """Return the keys of rows; what rows share, date, transaction and state, is put into words once."""
    shared = list(zip(rows.of("bank_date"), rows.of("transaction"), rows.of("state"), strict=True))
    prefixes = {each: _prefix(*each) for each in set(shared)}
    own = [rows.of(attribute) for attribute in ("amount_fen", "bank_serial", "account_no")]
    return day_keys.keys_of(map(prefixes.__getitem__, shared), *own)


def _prefix(bank_date: date, transaction: Transaction, state: OriginalState) -> str:
    return key_prefix(bank_date, _MOVEMENTS[transaction], _STATES[state])


def key_of_side(identity: Identity, side: Side) -> str:
    """Return the key of a request as one side has it."""
    movement, state = _MOVEMENTS[_TRANSACTIONS[side.txn]], _STATES[OriginalState(side.state)]
    return key_of(
        key_prefix(identity.bank_date, movement, state), side.amount_fen, identity.bank_serial, side.account_no
    )


def side_of_row(row: ReconcileRow) -> Side:
    """Return a row of the bank's file as its side."""
    return Side(row.account_no, TXN_CODES[row.transaction], row.amount_fen, int(row.state))


def side_of_payment(payment: Payment) -> Side:
    """Return a row of the journal as our side: what STATUS would tell of it."""
    txn = TXN_CODES[MONEY_REQUESTS[payment.movement]]
    return Side(payment.account_no, txn, payment.amount_fen, int(ORIGINAL_STATES[payment.state]))


def row_of_side(identity: Identity, side: Side) -> ReconcileRow:
    """Return a side as a row of a file."""
    return ReconcileRow(
        bank_date=identity.bank_date,
        bank_serial=identity.bank_serial,
        account_no=side.account_no,
        transaction=_TRANSACTIONS[side.txn],
        amount_fen=side.amount_fen,
        state=OriginalState(side.state),
    )
