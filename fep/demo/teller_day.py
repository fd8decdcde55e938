"""A teller's day 柜员的一天: the transactions of one bank against a running FEP, printed readably.

What one sees when the product is tried for the first time: each line is one request over TCP and its authentic reply.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from fep.clock import shanghai_now
from fep.demo.bank_client import BankClient
from fep.language import Text
from protocol.canonical.business import (
    ConsumptionReply,
    HistoryRequest,
    InvoiceReply,
    InvoiceRequest,
    PaymentsReply,
    PayReply,
    PayRequest,
    QueryReply,
    QueryRequest,
    StatusReply,
    StatusRequest,
    UndoReply,
    UndoRequest,
)
from protocol.canonical.codes import Instrument, InvoiceAction, KeyKind, PayMode
from protocol.canonical.link import NoBody
from protocol.canonical.reconciliation import Totals, TotalsReply, TotalsRequest
from protocol.dialect import BankReply
from protocol.transactions import Transaction

RESIDENTIAL = "0100000001"
"""Two open bills, one of them overdue."""
NOT_DUE = "0100000002"
"""One open bill, not due yet."""
WITH_BALANCE = "0100000004"
"""Balance 50.00, one open bill of 120.00."""

_NOT_GIVEN = -1


def yuan(amount_fen: int) -> str:
    """Return an amount as people read it, e.g. ``1,234.56``."""
    return f"{Decimal(amount_fen) / 100:,.2f}"


@dataclass(slots=True)
class Mismatch(Exception):
    """The FEP answered otherwise than a teller's day expects."""

    step: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.step}: {self.got} ({self.expected})"


class TellerDay:
    """Runs the day; ``steps`` counts the requests whose reply was as expected."""

    def __init__(self, client: BankClient, console: Console) -> None:
        self._client = client
        self._console = console
        self._table = Table(show_edge=False, pad_edge=False, box=None)
        self._totals = Totals()
        self.steps = 0
        for heading, justify in (
            (Text("transaction", "交易"), "left"),
            (Text("code", "响应码"), "left"),
            (Text("FEP serial", "前置流水号"), "left"),
            (Text("what happened", "结果"), "left"),
        ):
            self._table.add_column(str(heading), justify=justify, overflow="fold")  # type: ignore[arg-type]

    def run(self) -> None:
        """Run all steps and print them.

        Raises:
            Mismatch: a reply is not the one expected.
            NoReply: none came.
        """
        try:
            self._sign_in()
            self._settle_and_repeat()
            self._deposit_and_cancel()
            self._reverse_before_arrival()
            self._look_back()
            self._reconcile()
            self._expect(Transaction.SIGN_OUT, self._client.call(Transaction.SIGN_OUT, NoBody()), "0000", Text("", ""))
        finally:
            self._console.print(self._table)

    # --- the day, step by step

    def _sign_in(self) -> None:
        reply = self._client.sign_in()
        self._expect(
            Transaction.SIGN_IN,
            reply,
            "0000",
            Text("session keys received; ECHO proves them", "取得会话密钥, 线路测试通过"),
        )

    def _settle_and_repeat(self) -> None:
        """Query, pay all that is due, and send the same payment again: it is posted once."""
        due = self._query(RESIDENTIAL)
        request = self._settle(RESIDENTIAL, due.payable_fen)
        first = self._client.call(Transaction.PAY, request)
        paid = self._expect(Transaction.PAY, first, "0000", _paid)
        again = self._client.call(Transaction.PAY, request, serial=first.bank_serial)
        self._expect(
            Transaction.PAY,
            again,
            "0000",
            Text("the same request again: the first reply, nothing posted", "同一请求重发: 返回首次应答, 不重复入账"),
        )
        if again.body != first.body or not again.repeat or again.fep_serial != first.fep_serial:
            raise Mismatch("PAY", "the first reply", "another one")
        self._count_pay(paid)
        refused = self._client.call(Transaction.PAY, replace(request, expected_payable_fen=_NOT_GIVEN))
        self._expect(Transaction.PAY, refused, "2002", Text("nothing left to pay", "已无欠费"))
        self._invoice(first)

    def _invoice(self, paid: BankReply) -> None:
        request = InvoiceRequest(paid.bank_date, paid.bank_serial, RESIDENTIAL, InvoiceAction.PRINT, 1)
        reply = self._client.call(Transaction.INVOICE, request)
        self._expect(Transaction.INVOICE, reply, "0000", _invoiced)

    def _deposit_and_cancel(self) -> None:
        """Deposit more than is due; the teller then cancels it."""
        due = self._query(WITH_BALANCE)
        deposit = PayRequest(
            WITH_BALANCE, due.payable_fen + 10_000, PayMode.DEPOSIT, Instrument.CASH, False, "", due.payable_fen
        )
        paid = self._client.call(Transaction.PAY, deposit)
        self._count_pay(self._expect(Transaction.PAY, paid, "0000", _paid))
        undo = UndoRequest(paid.bank_date, paid.bank_serial, WITH_BALANCE, deposit.amount_fen, 0)
        self._expect(Transaction.CANCEL, self._client.call(Transaction.CANCEL, undo), "0000", _undone)
        self._totals = Totals(self._totals.pay_count, self._totals.pay_amount_fen, 1, deposit.amount_fen)
        self._status(paid, WITH_BALANCE)

    def _reverse_before_arrival(self) -> None:
        """A payment whose reply never came is reversed; should it arrive later, it is refused."""
        due = self._query(NOT_DUE)
        request = self._settle(NOT_DUE, due.payable_fen)
        lost = f"{shanghai_now():%H%M%S}999999"
        undo = UndoRequest(shanghai_now().date(), lost, NOT_DUE, due.payable_fen, 0)
        reply = self._client.call(Transaction.REVERSE, undo)
        self._expect(Transaction.REVERSE, reply, "0000", _undone)
        late = self._client.call(Transaction.PAY, request, serial=lost)
        self._expect(Transaction.PAY, late, "2010", Text("it arrives after its reversal", "原交易迟到, 已被冲正"))

    def _look_back(self) -> None:
        history = HistoryRequest(RESIDENTIAL, 3, 1)
        self._expect(Transaction.PAYMENTS, self._client.call(Transaction.PAYMENTS, history), "0000", _payments)
        self._expect(
            Transaction.CONSUMPTION,
            self._client.call(Transaction.CONSUMPTION, history),
            "0000",
            _consumption,
        )

    def _reconcile(self) -> None:
        day = self._client.clearing_date
        if day is None:
            raise Mismatch("RECON_TOTALS", "a clearing date", "none")
        reply = self._client.call(Transaction.RECON_TOTALS, TotalsRequest(day, self._totals))
        self._expect(Transaction.RECON_TOTALS, reply, "0000", lambda body: _reconciled(body, self._totals))

    # --- pieces

    def _query(self, account_no: str) -> QueryReply:
        reply = self._client.call(Transaction.QUERY, QueryRequest(account_no, KeyKind.ACCOUNT_NO, 1))
        self._expect(Transaction.QUERY, reply, "0000", _due)
        assert isinstance(reply.body, QueryReply)
        return reply.body

    @staticmethod
    def _settle(account_no: str, payable_fen: int) -> PayRequest:
        return PayRequest(account_no, payable_fen, PayMode.SETTLE, Instrument.CASH, False, "", payable_fen)

    def _status(self, of: BankReply, account_no: str) -> None:
        request = StatusRequest(of.bank_date, of.bank_serial, account_no)
        self._expect(Transaction.STATUS, self._client.call(Transaction.STATUS, request), "0000", _state)

    def _count_pay(self, body: object) -> None:
        assert isinstance(body, PayReply)
        self._totals = Totals(self._totals.pay_count + 1, self._totals.pay_amount_fen + body.amount_fen)

    def _expect(
        self, transaction: Transaction, reply: BankReply, code: str, result: Text | Callable[[object], Text]
    ) -> object:
        """Print the step and check its response code."""
        text = result if isinstance(result, Text) else (result(reply.body) if reply.body is not None else Text("", ""))
        serial = f"{reply.fep_serial:012d}" if reply.fep_serial else ""
        told = " ".join(part for part in (reply.message, str(text)) if part)
        self._table.add_row(f"{transaction.name} {transaction.gloss}", reply.code, serial, told)
        if reply.code != code:
            raise Mismatch(transaction.name, code, reply.code)
        self.steps += 1
        return reply.body


# --- what each reply says


def _due(body: object) -> Text:
    assert isinstance(body, QueryReply)
    return Text(
        f"{body.account_no}: open bills: {len(body.rows)}, due {yuan(body.total_due_fen)} "
        f"(late fee {yuan(body.late_fee_due_fen)}), balance {yuan(body.balance_fen)}, payable {yuan(body.payable_fen)}",
        f"{body.account_no}: 欠费 {len(body.rows)} 笔, 合计 {yuan(body.total_due_fen)} "
        f"(违约金 {yuan(body.late_fee_due_fen)}), 余额 {yuan(body.balance_fen)}, 应交 {yuan(body.payable_fen)}",
    )


def _paid(body: object) -> Text:
    assert isinstance(body, PayReply)
    return Text(
        f"paid {yuan(body.amount_fen)}: bills settled: {body.settled_count}, balance {yuan(body.balance_after_fen)}",
        f"交费 {yuan(body.amount_fen)}: 结清 {body.settled_count} 笔, 余额 {yuan(body.balance_after_fen)}",
    )


def _undone(body: object) -> Text:
    assert isinstance(body, UndoReply)
    outcomes = {
        1: Text("undone", "已撤销"),
        2: Text("the original never arrived and never will", "原交易未到, 今后亦不再受理"),
        3: Text("was undone before", "此前已撤销"),
    }
    return outcomes[body.outcome]


def _state(body: object) -> Text:
    assert isinstance(body, StatusReply)
    return Text(f"the original is {body.state.name.lower()}", f"原交易状态: {body.state.value} ({body.state.name})")


def _invoiced(body: object) -> Text:
    assert isinstance(body, InvoiceReply)
    return Text(f"no. {body.invoice_no}: {body.amount_in_words}", f"发票号 {body.invoice_no}: {body.amount_in_words}")


def _payments(body: object) -> Text:
    assert isinstance(body, PaymentsReply)
    return Text(f"payments in three months: {len(body.rows)}", f"近三个月交费 {len(body.rows)} 笔")


def _consumption(body: object) -> Text:
    assert isinstance(body, ConsumptionReply)
    return Text(f"bills in three months: {len(body.rows)}", f"近三个月电费 {len(body.rows)} 笔")


def _reconciled(body: object, ours: Totals) -> Text:
    assert isinstance(body, TotalsReply)
    totals = body.totals
    agrees = totals == ours
    return Text(
        f"{body.clearing_date}, day open: PAY {totals.pay_count} / {yuan(totals.pay_amount_fen)}, CANCEL "
        f"{totals.cancel_count} / {yuan(totals.cancel_amount_fen)}, REVERSE {totals.reverse_count}; "
        + ("agrees with the teller's own" if agrees else "other tellers paid too"),
        f"{body.clearing_date} 未日切: 交费 {totals.pay_count} 笔 {yuan(totals.pay_amount_fen)}, 撤销 "
        f"{totals.cancel_count} 笔 {yuan(totals.cancel_amount_fen)}, 冲正 {totals.reverse_count} 笔; "
        + ("与柜员账一致" if agrees else "另有其他柜员交易"),
    )
