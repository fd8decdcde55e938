"""A debit batch of a bank of ELEC02: its list goes out and is announced, its result is announced and posted."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

import pytest

from fep.commands.debit import approved
from fep.config.configuration import load
from fep.files.announcements import Announcement, Announcements
from fep.files.folders import BankFolder
from fep.files.pace import Pace
from protocol.canonical.messages import Head
from protocol.files.names import FileKind
from protocol.files.notices import FileNotice
from protocol.response_codes import ResponseCode
from tests.fep.commands.debit.conftest import DebitSite
from tests.protocol.files.elec02_golden import PREFIX, line
from tests.support import partner_bank
from tests.support.daemon import set_key
from tests.support.debit_site import BANK, MONTH, account_no
from tests.support.partner_bank import PartnerBank, refuse
from tests.support.ports import free_port

LIST, RESULT = f"{PREFIX}ds{MONTH}01.txt", f"{PREFIX}dh{MONTH}01.txt"
KEYS = {
    "dialect": '"elec02"',
    "node": '"301"',
    "accept_no_mac": "true",
    "line_protection": '"loopback"',
    "files": '"elec02"',
    "file_prefix": f'"{PREFIX}"',
}


@pytest.fixture
def program() -> Iterator[PartnerBank]:
    """The bank's own program, which the FEP connects to."""
    program = PartnerBank()
    yield program
    program.close()


@pytest.fixture
def site(debits: DebitSite, program: PartnerBank) -> DebitSite:
    """The site, whose bank has moved to ELEC02 with its mandates."""
    (path,) = (debits.directory / "banks").glob(f"{BANK}*.toml")
    for key, value in KEYS.items():
        set_key(path, "", key, value)
    tell(debits, program.port)
    set_key(debits.config, "link", "partner_timeout", "1")
    return debits


def tell(site: DebitSite, port: int) -> None:
    """Let the bank's program be at this port."""
    (path,) = (site.directory / "banks").glob(f"{BANK}*.toml")
    set_key(path, "", "partner", f'"127.0.0.1:{port}"')


@dataclass(frozen=True)
class Listed:
    """A row of the list by its offsets."""

    raw: bytes

    def cut(self, begin: int, size: int) -> bytes:
        return self.raw[begin : begin + size].rstrip(b" ")

    @property
    def due(self) -> int:
        return int(self.cut(126, 12))


def listed(site: DebitSite) -> tuple[bytes, list[Listed]]:
    """Take the list to pieces: its head, and its rows."""
    head, *rows, end = (site.outgoing / LIST).read_bytes().split(b"\n")
    assert (len(head), {len(row) for row in rows}, end) == (223, {312}, b"")
    return head, [Listed(row) for row in rows]


def result(head: bytes, rows: list[Listed], refused: int, day: int) -> bytes:
    """Return the bank's result, in which only the last ``refused`` rows were not debited."""
    debited, left = rows[: len(rows) - refused], rows[len(rows) - refused :]
    sums = [(len(rows), sum(row.due for row in rows))]
    sums += [(len(each), sum(row.due for row in each)) for each in (debited, left)]
    counts = [(b"%d" % number, size) for pair in sums for number, size in zip(pair, (10, 14), strict=True)]
    lines = [line(281, (head[:20], 20), (b"RMB", 3), (b"1", 1), (b"", 3), *counts, (b"", 140), (b"301", 12), (b"", 30))]
    for number, row in enumerate(rows, 1):
        done = (
            (b"1", b"%d" % row.due, b"%d" % (9000 + number), b"%d" % day) if row in debited else (b"2", b"0", b"", b"")
        )
        flag, fen, serial, on = done
        asked = [
            (row.cut(0, 10), 10),
            (row.cut(10, 32), 32),
            (b"301", 12),
            (row.cut(54, 32), 32),
            (row.cut(126, 12), 12),
        ]
        did = [(flag, 1), (fen, 12), (serial, 16), (b"", 40), (b"", 8), (on, 8), (b"", 6), (b"", 8)]
        bill = [(row.cut(187, 6), 6), (row.cut(193, 2), 2), (b"", 5), (row.cut(296, 16), 16)]
        fees = [(row.cut(279, 12), 12), (row.cut(267, 12), 12), (row.cut(195, 40), 40), (b"", 32), (b"", 15), (b"", 32)]
        lines.append(line(369, *asked, *did, *bill, *fees))
    return b"".join(lines)


def announce(site: DebitSite, *, count: int, fen: int, serial: str = "1") -> None:
    """Have the bank say that its result is complete, as a 23 does."""
    bank = load(site.config).banks[BANK]
    notice = FileNotice(RESULT, FileKind.DEBIT_RESULT, 0, count, fen)
    head = Head(BANK, "", "", date(2026, 11, 22), time(), 1, serial)
    said = Announcement(notice, head, "content", 7, datetime(2026, 11, 22, 10))  # noqa: DTZ001 - a wall clock
    folder = BankFolder(site.directory / "files" / BANK)
    assert Announcements(bank, folder, Pace(threading.Lock())).note(said).code is ResponseCode.APPROVED


def test_out_and_back(site: DebitSite, program: PartnerBank) -> None:
    """The bank is told of its list by 22; its result is posted when it has been announced as it stands."""
    done = site.export()
    assert done.exit_code == 0, done
    [asked] = program.asked
    assert (asked.code, asked.head[7], asked.head[8]) == ("22", "7", LIST)
    head, rows = listed(site)
    assert (head[:6], int(head[27:37]), int(head[37:51])) == (b"202610", 7, 21_120)
    assert (head[51:59], head[59:67], head[211:]) == (b"%d" % site.day, b"%d" % site.day, b"301         ")
    assert [row.cut(10, 32) for row in rows[:3]] == [account_no(number).encode() for number in (1, 1, 2)]
    assert (rows[1].cut(126, 12), rows[1].cut(267, 12), rows[1].cut(279, 12)) == (b"120", b"60", b"60")
    assert (rows[0].cut(195, 40).decode("gbk"), rows[0].cut(54, 32)) == ("用户1", b"6222000001")

    site.put(RESULT, result(head, rows, 2, site.day))
    early = site.debit("import", "--bank", BANK)
    assert (early.exit_code, "the bank has not said yet that it is complete" in early.err) == (2, True), early
    announce(site, count=5, fen=10_120)
    done = site.debit("import", "--bank", BANK)
    assert done.exit_code == 0, done
    states = site.bill_states()
    assert [bill for bill, state in states.items() if state == "open"] == [
        "N20260900021",
        "N20261000051",
        "N20261000061",
        "N20261000071",
    ]
    assert site.batch() == ("back", 7, 21_120, 5, 10_120)
    site.check_books()


def test_a_result_that_changes(site: DebitSite) -> None:
    """What was announced is what is posted; a path that an operator gives is his word."""
    assert site.export().exit_code == 0
    head, rows = listed(site)
    site.put(RESULT, result(head, rows, 1, site.day))
    announce(site, count=6, fen=15_120)
    site.put(RESULT, result(head, rows, 7, site.day))
    done = site.debit("import", "--bank", BANK)
    assert (done.exit_code, "has been changed since" in done.err) == (2, True), done
    assert set(site.rows("SELECT state FROM debit_rows")) == {("listed",)}
    done = site.debit("import", "--bank", BANK, "--file", site.incoming / RESULT)
    assert done.exit_code == 0, done
    assert site.batch("state, debited_count") == ("back", 0)


def test_a_bank_that_cannot_be_told(site: DebitSite, program: PartnerBank) -> None:
    """The list is out all the same, and the operator is told how to tell the bank."""
    program.manner = partner_bank.hang_up
    done = site.export()
    assert done.exit_code == 1
    assert f"the list is out; tell the bank of it: fep partner notify {LIST} --bank {BANK}" in done.err
    assert site.batch("state") == ("out",)
    program.manner = partner_bank.approve
    assert site.command("partner", "notify", LIST, "--bank", BANK, "--config", site.config).exit_code == 0
    assert program.codes == ["22", "22"]


def release(site: DebitSite, monkeypatch: pytest.MonkeyPatch) -> int:
    """Propose the release of the batch, and let another operator be present; return its number."""
    (number,) = site.batch("batch_no")
    done = site.debit("release", number, "--reason", "银行未回盘")
    assert done.exit_code == 0, done
    monkeypatch.setattr(approved, "present_operator", lambda: "another")
    return int(number)


def test_a_release(site: DebitSite, program: PartnerBank, monkeypatch: pytest.MonkeyPatch) -> None:
    """No bill is free before the bank has said that it will not debit the list."""
    assert site.export().exit_code == 0
    held = site.bill_states()
    number = release(site, monkeypatch)
    for manner, exit_code in ((refuse("79", "扣款中"), 1), (partner_bank.hang_up, 3)):
        program.manner = manner
        done = site.debit("approve", number)
        assert done.exit_code == exit_code, done
        assert (site.bill_states(), site.batch("state")) == (held, ("out",))
        assert (site.outgoing / LIST).exists()

    program.manner = partner_bank.approve
    done = site.debit("approve", number)
    assert done.exit_code == 0, done
    assert (program.asked[-1].code, program.asked[-1].body[1], program.asked[-1].body[5]) == ("24", LIST, "银行未回盘")
    assert set(site.bill_states().values()) == {"open"}
    assert not (site.outgoing / LIST).exists()


def test_a_release_that_the_bank_has_agreed_to(site: DebitSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bank that cannot be asked may have agreed by telephone; that it is said to have is kept."""
    assert site.export().exit_code == 0
    number = release(site, monkeypatch)
    tell(site, free_port())
    done = site.debit("approve", number)
    assert (done.exit_code, "nothing was sent" in done.err) == (3, True), done
    assert site.debit("approve", number, "--bank-agreed").exit_code == 0
    assert set(site.bill_states().values()) == {"open"}
    subjects = site.rows("SELECT subject FROM operator_acts WHERE act = 'debit_release_approve'")
    assert subjects == [(f"{number:012d} the bank has agreed",)]
