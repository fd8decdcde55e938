"""Audit log 审计日志: what a daemon tells of its links, its money and its operators, as entries of its chain.

Everything that is answered passes here, so what is told of a payment is put together without a library: the parts that
the log's own line has too are made once, for both.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Protocol

from dbgate.records import Payment
from fep.audit.lines import Counted, Entry, Kind, entry, quoted
from fep.audit.movements import digits, movement_entry
from fep.audit.unlisted import Unlisted
from fep.links.exchange import Exchange
from fep.log_lines import timestamp
from protocol.canonical.business import PayRequest, UndoReply, UndoRequest
from protocol.canonical.codes import UndoOutcome
from protocol.canonical.messages import Answer
from protocol.masking import masked_account
from protocol.response_codes import ResponseCode
from protocol.transactions import Transaction

_TOLD = frozenset(
    {
        Transaction.SIGN_IN,
        Transaction.SIGN_OUT,
        Transaction.KEY_EXCHANGE,
        Transaction.PAY,
        Transaction.CANCEL,
        Transaction.REVERSE,
    }
)
"""Told when approved too; of all others a refusal is."""

Notes = Callable[[Entry], object]


def _nowhere(_entry: Entry) -> None:
    """Nobody keeps a log: in tests of links alone."""


class Origin(Protocol):
    """Where a request came from: a link."""

    @property
    def origin(self) -> str:
        """The peer's address and the link's number, as fields of a line."""
        ...


class AuditLog:
    """Tells what happened.

    Args:
        notes: takes entries, without waiting.
        seconds: monotonic.
    """

    def __init__(self, notes: Notes = _nowhere, seconds: Callable[[], float] = lambda: 0.0) -> None:
        self._notes = notes
        self._seconds = seconds
        self._unlisted = Unlisted()
        self._strangers = Unlisted()

    def wants(self, transaction: Transaction | None, code: ResponseCode) -> bool:
        """Tell whether an answer is to be told."""
        return code is not ResponseCode.APPROVED or transaction in _TOLD

    def answered(self, link: Origin, exchange: Exchange, answer: Answer, said: str, *, is_late: bool = False) -> None:
        """Tell what was answered; ``said``: the fields that name the request and the code, from ``bank_code`` on.

        ``is_late``: the bank was told before that the outcome is unknown.
        """
        request = exchange.request
        body = None if request is None else request.body
        if isinstance(body, PayRequest | UndoRequest):
            assert request is not None
            head = request.head
            late = ', "late": true' if is_late else ""
            undoes = "" if isinstance(body, PayRequest) else _undoes(body, answer)
            rest = (
                f'{said}, "account_no": {quoted(masked_account(body.account_no))}, '
                f"{_who(head.branch_code, head.teller_id)}{undoes}{late}, {link.origin}"
            )
            self._notes(_of_money(answer, request.transaction, head.bank_code, body.amount_fen, rest))
        elif answer.code is ResponseCode.APPROVED:
            self._notes((f'"at": "{timestamp()}", "kind": "{Kind.LINK.value}", {said}, {link.origin}', None))
        elif exchange.authenticator is not None or not self._unlisted.takes(self._seconds()):
            self._notes((f'"at": "{timestamp()}", "kind": "{Kind.REFUSAL.value}", {said}, {link.origin}', None))

    def refused_unread(self, link: Origin, bank_code: str, reason: str) -> None:
        """Tell of a frame that was not answered, but its connection closed."""
        if not self._unlisted.takes(self._seconds()):
            said = f'"bank_code": {quoted(bank_code)}, "reason": {quoted(reason)}, {link.origin}'
            self._notes((f'"at": "{timestamp()}", "kind": "{Kind.REFUSAL.value}", {said}', None))

    def moved(self, row: Payment, cause: str) -> None:
        """Tell of a journal row that no request of a bank has asked for."""
        self._notes(movement_entry(row, cause))

    def acted(self, kind: Kind, fields: Mapping[str, Any]) -> None:
        """Tell what an operator did, or wanted to do, and of the configuration."""
        self._notes(entry(kind, fields))

    def stranger_refused(self, fields: Mapping[str, Any]) -> bool:
        """Tell what somebody without a role wanted; False: he is only counted, for there were too many in a minute."""
        if self._strangers.takes(self._seconds()):
            return False
        self.acted(Kind.OPERATOR_ACT, fields)
        return True

    def look(self) -> None:
        """Tell of refusals that were only counted; now and then."""
        for kind, counter in ((Kind.REFUSAL, self._unlisted), (Kind.OPERATOR_ACT, self._strangers)):
            told = counter.told(self._seconds())
            if told is not None:
                self._notes(entry(kind, {"result": "refused", **told} if kind is Kind.OPERATOR_ACT else told))


def _of_money(answer: Answer, transaction: Transaction, bank_code: str, amount_fen: int, rest: str) -> Entry:
    day, code = digits(answer.clearing_date), answer.code
    asked = f'"clearing_date": "{day}", "amount_fen": {amount_fen}, {rest}'
    if code is not ResponseCode.APPROVED and code is not ResponseCode.OUTCOME_UNKNOWN:
        return f'"at": "{timestamp()}", "kind": "refusal", {asked}', None
    if code is ResponseCode.OUTCOME_UNKNOWN or answer.repeat or not _took_effect(transaction, answer):
        return f'"at": "{timestamp()}", "kind": "money", "counted": "", {asked}', None
    name = transaction.label
    text = f'"at": "{timestamp()}", "kind": "money", "counted": "{name}", {asked}'
    return text, Counted(bank_code, day, name, amount_fen)


def _took_effect(transaction: Transaction, answer: Answer) -> bool:
    """Tell whether an approved request counts in its day: a REVERSE that found nothing to reverse does not."""
    if transaction is not Transaction.REVERSE:
        return True
    return isinstance(answer.body, UndoReply) and answer.body.outcome is UndoOutcome.UNDONE


@lru_cache(4096)
def _who(branch_code: str, teller_id: str) -> str:
    """Return who asked, as fields; a bank has some thousand tellers."""
    return f'"branch_code": {quoted(branch_code)}, "teller_id": {quoted(teller_id)}'


def _undoes(body: UndoRequest, answer: Answer) -> str:
    outcome = f', "outcome": {answer.body.outcome.value}' if isinstance(answer.body, UndoReply) else ""
    original = f'"original_date": "{digits(body.original_date)}", "original_serial": {quoted(body.original_serial)}'
    return f", {original}{outcome}"
