"""A teller of a bank that speaks ISO 8583:1987. ISO 8583 柜员"""

import socket
import struct

from tests.support.raw_bank import Closed, new_serial, today
from tests.system.tellers.iso8583_line import Elements, Form, Line
from tests.system.tellers.iso8583_specs import CHARACTERS, PACKED
from tests.system.tellers.teller import UNKNOWN, Bill, Outcome, Request, Shown, Teller, meanings

NODE, OPERATOR, OUTLET, PAYER, YUAN = "0901", "T0000042", "901017".ljust(15), "6222020200010001", "156"
CHARACTERS_WITH_DIGITS, PACKED_WITH_NUMBER = Form(CHARACTERS, has_digits=True), Form(PACKED, has_digits=False)

CODES = meanings(
    {
        "00": "0000",
        "06": "1010 2014 2015 4001 4002",
        "09": "2011",
        "12": "1007",
        "13": "2003",
        "14": "2001",
        "21": "2002",
        "25": "2007",
        "26": "2008",
        "30": "1003",
        "31": "1006",
        "40": "1004",
        "51": "2016",
        "57": "2005",
        "58": "2017",
        "61": "2012",
        "62": "2004",
        "63": "1009",
        "64": "2013",
        "68": "9002",
        "77": "1001",
        "79": "2010",
        "80": "2009 3001",
        "82": "1008",
        "84": "2018",
        "90": "1012",
        "91": "1011 9001",
        "94": "2006",
        "95": "3002",
        "96": "9003",
        "A0": "1002",
        "A7": "1005",
    }
)
"""Element 39. 06, 80 and 91 are lossy alone, but element 44 begins with the exact code, so that none is."""

SETTLE, DEPOSIT, CANCEL, QUERY = "500000", "210000", "200000", "310000"
QUERY_HEAD = struct.Struct("32s40s60s8s1s1s1s14s14s14s14s14s3s2s")
QUERY_ROW = struct.Struct("6s2s16s10s14s14s8s1s")
PAY_REPLY = struct.Struct("32s40s12s14s14s14s14s5s16s6s6s")
UNDO_REPLY = struct.Struct("32s12s12s14s14s1s")
ROWS_OF_A_PAGE = 11


class Iso8583Teller(Teller):
    """A connection that has signed on."""

    def __init__(self, port: int, form: Form) -> None:
        self._line = Line(port, NODE, form)
        self._frames: dict[Request, bytes] = {}

    # -- query

    def query(self, account_no: str) -> Shown:
        reply, head, rows = self._page(account_no, 1)
        if reply["39"] != "00":
            return Shown(_refused(reply), account_no)
        while len(rows) < int(head[12]):
            rows += self._page(account_no, len(rows) // ROWS_OF_A_PAGE + 1)[2]
        bills = tuple(Bill(row[2], row[0], int(row[1]), int(row[4]), int(row[5])) for row in rows)
        surplus_fen = int(head[7]) - int(head[10])
        return Shown(Outcome(frozenset({"0000"})), head[0], head[1], int(head[11]), bills, surplus_fen)

    def _page(self, account_no: str, page: int) -> tuple[Elements, list[str], list[list[str]]]:
        data = _text("32s1s2s", account_no, "1", f"{page:02d}")
        reply = self._line.exchange(self._line.elements("0100", new_serial(), de3=QUERY, **_teller(), de48=data))
        if reply["39"] != "00":
            return reply, [], []
        body = reply["48"].encode("latin-1")
        rows = [_split(QUERY_ROW, body[at : at + 71]) for at in range(QUERY_HEAD.size, len(body), QUERY_ROW.size)]
        assert rows or page == 1, "a page without rows"
        return reply, _split(QUERY_HEAD, body[: QUERY_HEAD.size]), rows

    # -- what moves money

    def settle(self, shown: Shown, *, amount_fen: int | None = None, serial: int | None = None) -> Request:
        seen = f"{shown.payable_fen:014d}" if amount_fen is None else ""
        amount_fen = shown.payable_fen if amount_fen is None else amount_fen
        return self._payment(SETTLE, shown.account_no, amount_fen, seen, serial)

    def deposit(self, account_no: str, amount_fen: int, *, serial: int | None = None) -> Request:
        return self._payment(DEPOSIT, account_no, amount_fen, "", serial)

    def _payment(self, code: str, account_no: str, amount_fen: int, seen: str, serial: int | None) -> Request:
        data = _text("32s32s1s1s14s", account_no, PAYER, "2", "0", seen)
        return self._request("0200", code, account_no, amount_fen, data, serial)

    def cancel(self, payment: Request) -> Request:
        return self._undo("0200", CANCEL, payment)

    def reverse(self, payment: Request) -> Request:
        return self._undo("0400", SETTLE, payment)

    def _undo(self, mti: str, code: str, payment: Request) -> Request:
        original = f"{payment.day:%Y%m%d}", f"{payment.serial:012d}"
        data = _text("32s8s12s2s", payment.account_no, *original, "01")
        return self._request(mti, code, payment.account_no, payment.amount_fen, data, None, is_undo=True)

    def _request(
        self,
        mti: str,
        code: str,
        account_no: str,
        amount_fen: int,
        data: str,
        serial: int | None,
        *,
        is_undo: bool = False,
    ) -> Request:
        serial = new_serial() if serial is None else serial
        elements = self._line.elements(
            mti, serial, de3=code, de4=f"{amount_fen:012d}", **_teller(), de48=data, de49=YUAN
        )
        return Request(is_undo, account_no, amount_fen, serial, tuple(elements.items()), today())

    # -- the line

    def send(self, request: Request) -> None:
        if request not in self._frames:
            self._frames[request] = self._line.frame(_elements(request))
        self._line.send(self._frames[request])

    def outcome(self, request: Request) -> Outcome:
        try:
            reply = self._line.reply(_elements(request))
        except Closed:
            return UNKNOWN
        if reply["39"] != "00":
            return _refused(reply)
        body = reply["48"].encode("latin-1")
        fields = _split(UNDO_REPLY if request.is_undo else PAY_REPLY, body)
        meaning = f"0000/{fields[5]}" if request.is_undo else "0000"
        fep_serial = int(fields[1 if request.is_undo else 2])
        return Outcome(frozenset({meaning}), int(reply["4"]), fep_serial, reply["15"], body)

    def cut(self) -> None:
        self._line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._line.socket.close()

    def close(self) -> None:
        self._line.socket.close()


def _teller() -> Elements:
    return {"de41": OPERATOR, "de42": OUTLET}


def _elements(request: Request) -> Elements:
    assert isinstance(request.content, tuple)
    return dict(request.content)


def _refused(reply: Elements) -> Outcome:
    """Return the exact code in element 44, which element 39 must agree with."""
    exact = reply["44"][:4]
    assert reply["44"][4] == " "
    assert exact in CODES[reply["39"]]
    assert "48" not in reply
    return Outcome(frozenset({exact}))


def _text(layout: str, *values: str) -> str:
    """Return fixed fields of GBK, filled with spaces, as the text of bytes that pyiso8583 is given."""
    sizes = [int(size) for size in layout.rstrip("s").split("s")]
    fields = [value.encode("gbk").ljust(size) for value, size in zip(values, sizes, strict=True)]
    return b"".join(fields).decode("latin-1")


def _split(layout: struct.Struct, data: bytes) -> list[str]:
    return [field.decode("gbk").rstrip(" ") for field in layout.unpack(data)]
