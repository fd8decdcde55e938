"""Keys of the bank's rows 银行流水对账键: for equal rows the texts that ``dbgate.books.day_keys`` gives."""

from collections.abc import Iterator, Sequence
from datetime import date

from dbgate.books.day_keys import key_of, key_prefix
from dbgate.books.differences import Side
from dbgate.records import Identity, Movement, Payment
from handlers.bank_view import MONEY_REQUESTS, ORIGINAL_STATES
from handlers.reconciliation.entries import TXN_CODES
from protocol.canonical import OriginalState
from protocol.files.canonical import ReconcileRow
from protocol.transactions import Transaction

_MOVEMENTS = {MONEY_REQUESTS[each]: each for each in (Movement.PAY, Movement.CANCEL, Movement.REVERSE)}
_STATES = {theirs: ours for ours, theirs in ORIGINAL_STATES.items()}
_TRANSACTIONS = {code: transaction for transaction, code in TXN_CODES.items()}


class RowKeys:
    """Makes keys of rows; what rows share, date, transaction and state, is put into words once."""

    def __init__(self) -> None:
        self._prefixes: dict[tuple[date, Transaction, OriginalState], str] = {}

    def of(self, rows: Sequence[ReconcileRow]) -> Iterator[str]:
        """Yield the keys of rows."""
        known = self._prefixes
        for row in rows:
            shared = row.bank_date, row.transaction, row.state
            prefix = known.get(shared) or self._prefix(*shared)
            yield key_of(prefix, row.amount_fen, row.bank_serial, row.account_no)

    def _prefix(self, bank_date: date, transaction: Transaction, state: OriginalState) -> str:
        prefix = key_prefix(bank_date, _MOVEMENTS[transaction], _STATES[state])
        self._prefixes[bank_date, transaction, state] = prefix
        return prefix


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
