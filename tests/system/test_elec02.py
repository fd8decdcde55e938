"""A bank that speaks ELEC02: query, pay, repeat, cancel, as its own program would, on the daemon's second port."""

import socket
from datetime import datetime
from itertools import count

import pytest

from tests.protocol.dialects.elec02.frames import (
    PAY,
    PAY_REPLY,
    PAY_ROW,
    QUERY,
    QUERY_REPLY,
    QUERY_ROW,
    REPLY_HEAD,
    UNDO,
    framed,
    head,
    packed,
    unpacked,
)
from tests.support.daemon import free_port, set_key
from tests.support.raw_bank import SHANGHAI
from tests.system.conftest import Site

NODE = "301"
SERIALS = count(1)
BANK_FILE = """
bank_code = "0401"
name = "ELEC02"
dialect = "elec02"
node = "301"
addresses = ["127.0.0.1"]
accept_no_mac = true
"""


class Teller:
    """The bank's program: one exchange on each connection."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.today = f"{datetime.now(SHANGHAI):%Y%m%d}"

    def serial(self) -> str:
        return f"{self.today}{next(SERIALS):08d}"

    def ask(self, content: bytes) -> tuple[str, bytes]:
        """Return the return code and the body; the daemon closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(framed(content))
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        assert received[:10] == b"%010d" % (len(received) - 10)
        return unpacked(REPLY_HEAD, received[10:185])[1], received[185:]

    def query(self, key: str) -> tuple[str, list[str], list[list[str]]]:
        body = packed(QUERY, NODE, "3010017", self.today, self.serial(), "", "", key, "", "", "T0000042")
        code, reply = self.ask(head("10") + body)
        if code != "00":
            return code, [], []
        rows = [unpacked(QUERY_ROW, reply[at : at + 486]) for at in range(471, len(reply), 486)]
        return code, unpacked(QUERY_REPLY, reply[:471]), rows

    def pay(self, key: str, reference: str, amount: str, rows: list[list[str]], serial: str) -> tuple[str, bytes]:
        first = (NODE, "3010017", "T0000042", serial, self.today, "", self.today, reference, "", "", key, NODE)
        body = packed(PAY, *first, "6222021234567890", "RMB", amount, "", "0", "", "", "01", "0", serial)
        listed = [packed(PAY_ROW, row[0], row[12], row[14], "", row[4], row[16], row[13], row[15]) for row in rows]
        return self.ask(head("11") + body + b"".join(listed))

    def cancel(self, key: str, original: str, amount: str) -> tuple[str, bytes]:
        first = (NODE, "3010017", "T0000042", self.serial(), self.today, NODE, self.today, original, self.today, "")
        rest = (key, NODE, "6222021234567890", "RMB", amount, amount, "", "误交", "")
        return self.ask(head("12") + packed(UNDO, *first, *rest))


@pytest.fixture(scope="module")
def teller(site: Site) -> Teller:
    """The bank's program, once the daemon knows the bank."""
    daemon = site.daemon
    (site.directory / "banks" / "0401_elec02.toml").write_text(BANK_FILE, encoding="utf-8")
    port = free_port()
    set_key(site.directory / "fep.toml", "listener", "dialect.elec02", f'["127.0.0.1:{port}"]')
    daemon.restart()
    return Teller(port)


def test_a_payment_and_its_cancel(site: Site, teller: Teller) -> None:
    """What is listed is paid once, however often it is sent, and undone once; what never was is answered 15."""
    account = site.take("owing")
    code, account_fields, rows = teller.query(account.account_no)
    assert code == "00"
    amount, reference = account_fields[10], account_fields[2]
    assert sum(int(row[12]) for row in rows) == int(amount)

    serial = teller.serial()
    assert teller.pay(account.account_no, reference, amount, rows[1:], serial)[0] == "73"
    code, paid = teller.pay(account.account_no, reference, amount, rows, serial)
    assert (code, unpacked(PAY_REPLY, paid)[7]) == ("00", amount)
    assert teller.pay(account.account_no, reference, amount, rows, serial) == ("00", paid)
    assert teller.query(account.account_no)[2] == []

    assert teller.cancel(account.account_no, serial, amount)[0] == "00"
    assert teller.query(account.account_no)[2] == rows
    assert teller.cancel(account.account_no, teller.serial(), amount)[0] == "15"


def test_what_is_refused(site: Site, teller: Teller) -> None:
    """No such customer, a payment without its query, a frame that is none."""
    account = site.take("owing")
    _, fields, rows = teller.query(account.account_no)

    assert teller.query("0999999999999999")[0] == "03"
    assert teller.pay(account.account_no, "123456789012", fields[10], rows, teller.serial())[0] == "73"
    assert teller.ask(head("77"))[0] == "59"
    assert teller.ask(head("10") + b"short")[0] == "13"
    assert teller.ask(head("10", node="999") + b"")[0] == "0f"
