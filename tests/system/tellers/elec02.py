"""A teller of a bank that speaks ELEC02: plain struct, one exchange on each connection. ELEC02 柜员"""

import socket
import struct
from collections import defaultdict, deque

from tests.protocol.dialects.elec02.frames import (
    PAY,
    PAY_REPLY,
    PAY_ROW,
    QUERY,
    QUERY_REPLY,
    QUERY_ROW,
    REPLY_HEAD,
    UNDO,
    UNDO_REPLY,
    framed,
    head,
    packed,
    unpacked,
)
from tests.support.raw_bank import DEADLINE_S, new_serial, now, today
from tests.system.tellers.teller import UNKNOWN, Bill, Outcome, Request, Shown, Teller, meanings

NODE, BRANCH, OPERATOR, PAYER = "301", "3010017", "T0000042", "6222020200010001"

CODES = meanings(
    {
        "00": "0000",
        "01": "1011",
        "03": "2001 2018",
        "06": "2002",
        "09": "2004 2017",
        "0e": "9003",
        "0f": "1002 1005 1006 1007 1008 1009 1010 2014 2015",
        "13": "1003 2006 2012",
        "14": "2009",
        "15": "2007 2008 2013",
        "18": "2011",
        "27": "2003",
        "29": "2010 2016",
        "50": "9001",
        "51": "1001 1012 2005 3002",
        "59": "1004",
        "73": "2003",
    }
)
"""The sheet's return codes; those with several meanings are lossy. No reply is 9002."""
UNDO_CODES = {**CODES, **meanings({"00": "0000/1 0000/3", "15": "0000/2 2013"})}
"""In the reply to a 12, which is a reversal: undone now or before are told alike, and what never arrived by 15."""


class Elec02Teller(Teller):
    """A place to connect to: there is neither sign-in nor MAC."""

    can_deposit = False
    tells_undos_apart = False

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: defaultdict[Request, deque[socket.socket]] = defaultdict(deque)

    # -- what is sent

    def query(self, account_no: str) -> Shown:
        body = packed(QUERY, NODE, BRANCH, _ymd(), _serial(new_serial()), "", "", account_no, "", "", OPERATOR)
        code, data = self.exchange(_head("10") + body)
        if code != "00":
            return Shown(Outcome(CODES[code]), account_no)
        fields = unpacked(QUERY_REPLY, data[: QUERY_REPLY.size])
        rows = [unpacked(QUERY_ROW, data[at : at + 486]) for at in range(QUERY_REPLY.size, len(data), 486)]
        bills = tuple(Bill(row[4], row[14], int(row[13]), int(row[16]), int(row[15])) for row in rows)
        assert [int(row[12]) for row in rows] == [bill.due_fen for bill in bills]
        return Shown(Outcome(CODES[code]), fields[7], fields[8], int(fields[10]), bills, None, fields[2])

    def settle(self, shown: Shown, *, amount_fen: int | None = None, serial: int | None = None) -> Request:
        serial = new_serial() if serial is None else serial
        amount_fen = shown.payable_fen if amount_fen is None else amount_fen
        asked = (NODE, BRANCH, OPERATOR, _serial(serial), _ymd(), NODE, _ymd(), shown.reference, "", "")
        paid = (shown.account_no, NODE, PAYER, "RMB", str(amount_fen), "", "0", "", "", "01", "0", _serial(serial))
        listed = [_listed(number, bill) for number, bill in enumerate(shown.bills, 1)]
        content = _head("11") + packed(PAY, *asked, *paid) + b"".join(listed)
        return Request(False, shown.account_no, amount_fen, serial, content)

    def deposit(self, account_no: str, amount_fen: int, *, serial: int | None = None) -> Request:
        """The sheet has no word for it: this is a 11 of another amount than what is owed."""
        return self.settle(self.query(account_no), amount_fen=amount_fen, serial=serial)

    def reverse(self, payment: Request) -> Request:
        serial, amount = new_serial(), str(payment.amount_fen)
        own = (NODE, BRANCH, OPERATOR, _serial(serial), _ymd())
        original = (NODE, f"{payment.day:%Y%m%d}", _serial(payment.serial), f"{payment.day:%Y%m%d}", "")
        rest = (payment.account_no, NODE, PAYER, "RMB", amount, amount, "", "误交", "")
        return Request(
            True, payment.account_no, payment.amount_fen, serial, _head("12") + packed(UNDO, *own, *original, *rest)
        )

    def cancel(self, payment: Request) -> Request:
        """The sheet has one message for both."""
        return self.reverse(payment)

    # -- the connections

    def exchange(self, content: bytes) -> tuple[str, bytes]:
        """Send any message and return the return code and the body of its reply, which there must be."""
        received = _read(self._connected(content))
        assert received is not None, "no reply"
        return _taken_apart(received)

    def send(self, request: Request) -> None:
        assert isinstance(request.content, bytes)
        self._open[request].append(self._connected(request.content))

    def outcome(self, request: Request) -> Outcome:
        received = _read(self._open[request].popleft())
        if received is None:
            return UNKNOWN
        code, data = _taken_apart(received)
        means = (UNDO_CODES if request.is_undo else CODES)[code]
        if code != "00":
            assert data == b"", "a refusal has no body"
            return Outcome(means)
        if request.is_undo:
            undone = unpacked(UNDO_REPLY, data)
            return Outcome(means, 0, int(undone[2]), undone[1][4:], data)
        paid = unpacked(PAY_REPLY, data)
        return Outcome(means, int(paid[7]), int(paid[1]), paid[2][4:], data)

    def cut(self) -> None:
        for connection in self._all():
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()

    def close(self) -> None:
        for connection in self._all():
            connection.close()

    def _all(self) -> list[socket.socket]:
        connections = [connection for waiting in self._open.values() for connection in waiting]
        self._open.clear()
        return connections

    def _connected(self, content: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self._port), timeout=DEADLINE_S)
        connection.sendall(framed(content))
        return connection


def _head(code: str) -> bytes:
    return head(code, node=NODE, sent=f"{now():%Y%m%d%H%M%S}")


def _ymd() -> str:
    return f"{today():%Y%m%d}"


def _serial(number: int) -> str:
    """Return a serial as long as the sheet has room for."""
    return f"{number:016d}"


def _listed(number: int, bill: Bill) -> bytes:
    fee, principal = str(bill.late_fee_fen), str(bill.principal_fen)
    return packed(PAY_ROW, str(number), str(bill.due_fen), bill.month, "", bill.bill_no, principal, str(bill.seq), fee)


def _read(connection: socket.socket) -> bytes | None:
    """Return what the daemon sends before it closes the connection; None when it is nothing."""
    received = b""
    with connection:
        try:
            while chunk := connection.recv(65536):
                received += chunk
        except ConnectionError:
            assert not received, "cut off in the middle of a reply"
    return received or None


def _taken_apart(frame: bytes) -> tuple[str, bytes]:
    """Return the return code and the body of a reply."""
    assert frame[:10] == b"%010d" % (len(frame) - 10)
    return unpacked(REPLY_HEAD, frame[10 : 10 + REPLY_HEAD.size])[1], frame[10 + REPLY_HEAD.size :]
