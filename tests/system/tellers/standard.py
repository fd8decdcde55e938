"""A teller of a bank on the standard link. 标准格式柜员"""

from collections.abc import Callable
from typing import Any

from tests.support.raw_bank import Closed, Frame, RawBank, new_serial
from tests.system import messages
from tests.system.tellers.teller import UNKNOWN, Bill, Outcome, Request, Shown, Teller

ROWS_OF_A_PAGE = 12


class StandardTeller(Teller):
    """A signed-in connection; its codes are the canonical ones, so no code is lossy."""

    def __init__(self, port: int, bank_code: str) -> None:
        self._bank = RawBank(port, bank_code).sign_in()
        self._frames: dict[Request, bytes] = {}

    def query(self, account_no: str) -> Shown:
        code, head, rows = self._page(account_no, 1)
        if code != "0000":
            return Shown(Outcome(frozenset({code})), account_no)
        while len(rows) < head["bill_count"]:
            rows += self._page(account_no, len(rows) // ROWS_OF_A_PAGE + 1)[2]
        bills = tuple(
            Bill(row["bill_no"], row["month"], int(row["seq"]), row["principal"], row["late_fee"]) for row in rows
        )
        surplus_fen = head["balance"] - head["total_due"]
        outcome = Outcome(frozenset({code}))
        return Shown(outcome, head["account_no"], head["name"], head["payable"], bills, surplus_fen)

    def _page(self, account_no: str, page: int) -> tuple[str, dict[str, Any], list[dict[str, Any]]]:
        reply = self._bank.request(messages.QUERY, messages.query(account_no, page=page))
        assert reply.mac_state == "right"
        head, rows = messages.query_reply(reply.body) if reply.code == "0000" else ({}, [])
        assert rows or page == 1, "a page without rows"
        return reply.code, head, rows

    def settle(self, shown: Shown, *, amount_fen: int | None = None, serial: int | None = None) -> Request:
        amount_fen = shown.payable_fen if amount_fen is None else amount_fen
        return self._payment(shown.account_no, amount_fen, messages.SETTLE, serial)

    def deposit(self, account_no: str, amount_fen: int, *, serial: int | None = None) -> Request:
        return self._payment(account_no, amount_fen, messages.DEPOSIT, serial)

    def _payment(self, account_no: str, amount_fen: int, mode: int, serial: int | None) -> Request:
        content = (messages.PAY, messages.pay(account_no, amount_fen, mode))
        return Request(False, account_no, amount_fen, new_serial() if serial is None else serial, content)

    def cancel(self, payment: Request) -> Request:
        return self._undo(messages.CANCEL, payment)

    def reverse(self, payment: Request) -> Request:
        return self._undo(messages.REVERSE, payment)

    def _undo(self, txn_code: int, payment: Request) -> Request:
        body = messages.undo(payment.account_no, payment.amount_fen, payment.serial, payment.day)
        return Request(True, payment.account_no, payment.amount_fen, new_serial(), (txn_code, body))

    def send(self, request: Request) -> None:
        if request not in self._frames:
            assert isinstance(request.content, tuple)
            txn_code, body = request.content
            self._frames[request] = self._bank.build(txn_code, body, serial=request.serial, bank_date=request.day)
        self._bank.send(self._frames[request])

    def outcome(self, request: Request) -> Outcome:
        try:
            reply = self._bank.reply(self._frames[request])
        except Closed:
            return UNKNOWN
        assert reply.mac_state == "right", reply
        read: Callable[[Frame], Outcome] = _undone if request.is_undo else _paid
        return read(reply) if reply.code == "0000" else Outcome(frozenset({reply.code}))

    def cut(self) -> None:
        self._bank.reset()

    def close(self) -> None:
        self._bank.close()


def _paid(reply: Frame) -> Outcome:
    fields = messages.PAY_REPLY.unpack(reply.body)
    return _approved("0000", fields["amount"], reply)


def _undone(reply: Frame) -> Outcome:
    fields = messages.UNDO_REPLY.unpack(reply.body)
    return _approved(f"0000/{fields['outcome']}", fields["amount"], reply)


def _approved(meaning: str, amount_fen: int, reply: Frame) -> Outcome:
    return Outcome(frozenset({meaning}), amount_fen, int(reply.fep_serial), reply.clearing_date[4:], reply.body)
