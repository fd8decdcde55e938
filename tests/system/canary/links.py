"""What banks do on the canary site: each thing that is served, refused, broken or malformed, in each format. 银行"""

import socket
import struct
from collections.abc import Callable, Sequence

from tests.protocol.dialects.elec02.frames import framed
from tests.support.partner_bank import Asked, PartnerBank, approve, refuse, reply
from tests.support.raw_bank import DEADLINE_S, RESPONSE, SUITES, RawBank, new_serial
from tests.system import messages
from tests.system.billing import Account
from tests.system.canary import secrets
from tests.system.canary.site import FAULTS, CanarySite
from tests.system.messages import (
    CANCEL,
    CONSUMPTION,
    DEPOSIT,
    INVOICE,
    PAY,
    PAYMENTS,
    QUERY,
    REVERSE,
    STATUS,
    pay,
    query,
    undo,
)
from tests.system.tellers.elec02 import Elec02Teller
from tests.system.tellers.iso8583 import CHARACTERS_WITH_DIGITS, NODE, Iso8583Teller
from tests.system.tellers.iso8583_line import Line
from tests.system.tellers.teller import Teller

ENCRYPTING = ("0103", "0104")
SERVED_ONLY = ("0105", "0403")
"""Suites of old peers: what is refused, and how, does not depend on the cipher."""
BY_METER, BY_PASSBOOK = 2, 3


def standard_links(site: CanarySite) -> None:
    """Banks of all suites are served and refused, send what is malformed, and meet our own bugs."""
    for code in SUITES:
        with site.logging(f"standard {SUITES[code]}: served"):
            served(site, site.bank(code, encrypted=code in ENCRYPTING))
            site.hang_up()
        if code in SERVED_ONLY:
            continue
        with site.logging(f"standard {SUITES[code]}: refused"):
            refused(site, site.bank(code, encrypted=code in ENCRYPTING))
        with site.logging(f"standard {SUITES[code]}: malformed"):
            malformed(site, code, encrypted=code in ENCRYPTING)
        site.hang_up()
    for fault in FAULTS:
        with site.logging(f"standard: {fault} fails"):
            for txn, make in ((QUERY, query), (PAY, lambda account_no: pay(account_no, 1, DEPOSIT))):
                site.bank().request(txn, make(site.broken[fault].account_no))
        site.hang_up()


def card_paid(account: Account, amount_fen: int, mode: int = messages.SETTLE) -> bytes:
    """Return the body of a payment by card."""
    return pay(account.account_no, amount_fen, mode, instrument=3, payer_account=secrets.CARD, print_invoice=1)


def served(site: CanarySite, bank: RawBank) -> None:
    """Whatever is approved, once."""
    account = site.take("owing")
    for kind, wanted in ((1, account.account_no), (BY_METER, account.meter_no), (BY_PASSBOOK, account.passbook)):
        reply_ = bank.request(QUERY, query(wanted, kind))
        assert reply_.code == "0000", reply_
        assert secrets.NAME.encode("gb18030") in reply_.body
    serial = new_serial()
    for _ in range(2):
        assert bank.request(PAY, card_paid(account, account.payable), serial=serial).code == "0000"
    for txn, body in (
        (STATUS, messages.status(account.account_no, serial)),
        (PAYMENTS, messages.records(account.account_no)),
        (CONSUMPTION, messages.records(account.account_no)),
        (INVOICE, messages.invoice(account.account_no, serial)),
        (CANCEL, undo(account.account_no, account.payable, serial)),
    ):
        assert bank.request(txn, body).code == "0000", txn
    serial = new_serial()
    assert bank.request(PAY, card_paid(account, 700, DEPOSIT), serial=serial).code == "0000"
    assert bank.request(REVERSE, undo(account.account_no, 700, serial)).code == "0000"


def refused(site: CanarySite, bank: RawBank) -> None:
    """Whatever is refused for reasons of business."""
    account = site.take("future")
    number, due = account.account_no, account.payable
    serial = new_serial()
    assert bank.request(PAY, card_paid(account, due), serial=serial).code == "0000"
    asked: list[tuple[str, int, bytes, int | None]] = [
        ("2001", QUERY, query(secrets.UNKNOWN_ACCOUNT), None),
        ("2001", QUERY, query(secrets.UNKNOWN_PASSBOOK, BY_PASSBOOK), None),
        ("2018", QUERY, query(secrets.BOOKS.accounts["twins"][0].passbook, BY_PASSBOOK), None),
        ("2001", PAY, pay(secrets.UNKNOWN_ACCOUNT, 100, DEPOSIT, payer_account=secrets.CARD), None),
        ("2002", PAY, card_paid(account, due), None),
        ("2006", PAY, card_paid(account, due + 1, DEPOSIT), serial),
        ("2012", PAY, card_paid(account, 10**12, DEPOSIT), None),
        ("2013", CANCEL, undo(number, due + 1, serial), None),
        ("2007", CANCEL, undo(number, due, new_serial()), None),
        ("2015", INVOICE, messages.invoice(number, new_serial()), None),
    ]
    for kind, mode in (("closed", 1), ("suspended", 2), ("card", 1), ("utility", 1), ("debit", 1)):
        other = secrets.BOOKS.accounts[kind][0]
        asked.append(("", PAY, card_paid(other, other.payable + 1, mode), None))
    for code, txn, body, used in asked:
        answer = bank.request(txn, body, **({} if used is None else {"serial": used}))
        assert answer.mac_state == "right"
        assert not code or answer.code in {code, "2007"}, (code, answer)


def malformed(site: CanarySite, code: str, *, encrypted: bool) -> None:
    """Frames that are wrong, full of what may not be seen."""
    account = site.take("future")
    name, number = secrets.NAME.encode("gb18030"), account.account_no.encode()
    good = card_paid(account, account.payable)
    bank = site.bank(code, encrypted=encrypted)
    for body in (
        number[:15] + b"x" + good[16:],
        name.ljust(16) + good[16:],
        good[:32] + name.ljust(32) + good[64:],
        good[:24] + b"\x09" + good[25:],
        good[:-16],
        good + number,
        good[:16] + struct.pack(">q", -1) + good[24:],
    ):
        assert bank.request(PAY, body).code != "0000", body
    assert bank.request(QUERY, query(account.account_no, 9)).code == "1003"
    assert bank.request(2999, number + name.ljust(32) + account.passbook.encode().ljust(32)).code == "1004"
    assert bank.request(PAY, good, teller_id=name[:8]).code == "1003"
    bank.send(bank.build(PAY, good, flags=RESPONSE), bank.build(messages.BILL_PUSH, good + good, flags=RESPONSE))
    for _ in range(2):
        frame = bank.build(PAY, good)
        bank.send(frame[:-1] + bytes([frame[-1] ^ 1]))
        assert bank.reply(frame).code == "1002"
    bank.check_alive()
    bank.send(bank.build(PAY, good)[:150])
    early = site.connect(code)
    assert early.request(PAY, good, mac=bytes(8)).code == "1001"
    too_long = site.connect(code)
    too_long.send(struct.pack(">H", 9000) + number * 500)
    too_long.until_closed()
    stranger = site.connect(code)
    assert stranger.request(PAY, good, bank_code=b"8613", mac=bytes(8)).code == "1006"


def other_formats(site: CanarySite) -> None:
    """Banks of ELEC02 and ISO 8583 likewise."""
    elec02, iso8583 = site.daemon.port + 2, site.daemon.port + 1
    _taught(site, "elec02", lambda: Elec02Teller(elec02))
    _taught(site, "iso8583", lambda: Iso8583Teller(iso8583, CHARACTERS_WITH_DIGITS))
    text = "".join((secrets.NAME, secrets.UNKNOWN_ACCOUNT, secrets.UNKNOWN_PASSBOOK, secrets.ADDRESS)).encode("gbk")
    with site.logging("elec02: malformed"):
        for content in (text * 4, b"10 301         " + text * 6, b"77 301         " + text * 6):
            thrown(elec02, framed(content))
        thrown(elec02, text * 8)
    with site.logging("iso8583: malformed"):
        for content in (text * 4, b"0200" + text * 4, b"0100" + b"F" * 16 + text * 4):
            thrown(iso8583, b"%04d" % len(content) + content)
        thrown(iso8583, text * 8)
        line = Line(iso8583, NODE, CHARACTERS_WITH_DIGITS)
        _malformed_iso8583(line, "0200", de3="500000", de4=f"x{secrets.CARD[:11]}", de49="156")
        _malformed_iso8583(line, "0100", de3="310000", de48=text.decode("latin-1"))
        _malformed_iso8583(line, "0100", de3=f"x{secrets.CARD[:5]}", de48=f"{secrets.UNKNOWN_ACCOUNT:<35}")
        line.socket.close()


def _taught(site: CanarySite, name: str, connect: Callable[[], Teller]) -> None:
    with site.logging(f"{name}: served"):
        teller = connect()
        payment = teller.settle(teller.query(site.take("owing").account_no))
        assert all(teller.ask(payment).is_approved for _ in range(2))
        assert teller.ask(teller.reverse(payment)).means
    with site.logging(f"{name}: refused"):
        assert not teller.query(secrets.UNKNOWN_ACCOUNT).outcome.is_approved
        shown = teller.query(site.take("owing").account_no)
        assert not teller.ask(teller.settle(shown, amount_fen=shown.payable_fen + 1)).is_approved
        closed = teller.query(secrets.BOOKS.accounts["closed"][1].account_no)
        assert not teller.ask(teller.settle(closed)).is_approved
    with site.logging(f"{name}: our own bug"):
        for fault in ("deciding", "replying", "reading"):
            _asked_of_a_bug(connect, site.broken[fault].account_no)
    teller.close()


def _asked_of_a_bug(connect: Callable[[], Teller], account_no: str) -> None:
    teller = connect()
    try:
        teller.query(account_no)
    except AssertionError:  # ELEC02 has no word for some of it, and closes
        pass
    finally:
        teller.close()


def _malformed_iso8583(line: Line, mti: str, **elements: str) -> None:
    """Send a message that is signed and wrong, and once more with a wrong MAC."""
    frame = line.frame(line.elements(mti, new_serial(), **elements))
    line.send(frame)
    line.send(frame[:-1] + bytes([frame[-1] ^ 1]))


def thrown(port: int, data: bytes) -> None:
    """Send bytes, whatever they are, and hang up when the daemon has said all that it says."""
    with socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
        except ConnectionError:
            pass


# --- pushes


def pushed(site: CanarySite, accounts: Sequence[Account], other: Account) -> None:
    """Bills are pushed to a bank of the standard link, which answers well and badly, and to one of ELEC02."""
    wrong: list[tuple[int, dict[str, object]]] = [
        (messages.REFUSED, {"refusal": 62}),
        (9, {"debit_serial": b"x" * 12}),
        (messages.DEBITED, {"debit_serial": 0, "amount": 1}),
    ]
    bank = site.bank("0102", encrypted=True)
    with site.logging("push: standard", lines=3):
        load_bills(site, accounts)
        for outcome, fields in wrong[: len(accounts)]:
            frame = bank.next_fep_request()
            bank.send(bank.answer(frame, messages.PUSH_REPLY.pack(outcome=outcome, **fields)))
    manners = [refuse("62", f"户名{secrets.OF_THE_BANKS}账号{other.passbook}电话{secrets.TELEPHONE}"), _of_another]

    def in_turn(partner: PartnerBank, line: socket.socket, asked: Asked) -> None:
        (manners.pop(0) if asked.code == "20" and manners else approve)(partner, line, asked)

    site.partner.manner = in_turn
    with site.logging("push: elec02", lines=2):
        for number in (1, 2):
            load_bills(site, [other])
            site.partner.wait_for(lambda number=number: [a.code for a in site.partner.asked].count("20") >= number)  # type: ignore[misc]


def _of_another(_bank: PartnerBank, line: socket.socket, asked: Asked) -> None:
    """Say that another card was debited than was asked for."""
    line.sendall(reply(Asked(asked.head, [*asked.body[:7], secrets.OTHER_CARD, *asked.body[8:]])))


def load_bills(site: CanarySite, accounts: Sequence[Account]) -> None:
    """Load one more bill of each account."""
    from tests.system.pushing import DUE, PRINCIPAL_FEN, bills_file

    rows = [(f"CP{new_serial():010d}", account.account_no, PRINCIPAL_FEN, DUE) for account in accounts]
    assert site.fep("fep load", "load", bills_file(site.folder, *rows)).code == 0
