"""Files of a bank that speaks ELEC02: they come and go outside of the messages, which tell of them. ELEC02 文件通知"""

import csv
import json
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.protocol.dialects.elec02.frames import REPLY_HEAD, packed, unpacked
from tests.protocol.dialects.elec02.test_notices import RECONCILE_READY, RESULT_READY, head
from tests.protocol.files.elec02_golden import DH, DS, DZ, PREFIX, dz_head, dz_row
from tests.support import partner_bank
from tests.support.daemon import done, fep
from tests.support.partner_bank import Manner, PartnerBank, refuse
from tests.support.ports import free_port
from tests.support.raw_bank import today
from tests.system.checks import clearing_date
from tests.system.conftest import Site
from tests.system.tellers.bank import FORMATS, Bank, start
from tests.system.tellers.elec02 import Elec02Teller
from tests.system.tellers.teller import Request, Shown

CODE = FORMATS["elec02"].bank_code
DETAIL, LIST, RESULT = (f"{PREFIX}{rest}.txt" for rest in ("dz20261121", "ds20261101", "dh20261101"))
SERIALS = (f"20261122{number:08d}" for number in count(1))


@pytest.fixture(scope="module")
def bank(make_site: Callable[[], Site], secrets: set[str]) -> Iterator[Bank]:
    """A bank whose files and messages are ELEC02's."""
    site = make_site()
    bank = Bank(site, FORMATS["elec02"])
    site.daemon.configure_bank(CODE, files="elec02", file_prefix=PREFIX)
    start(site)
    yield bank
    site.close(secrets)


@pytest.fixture
def folder(bank: Bank) -> Path:
    """The bank's folder, with nothing in it."""
    folder = bank.site.directory / "files" / CODE
    for name in ("in", "out"):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for path in (folder / name).iterdir():
            path.unlink()
    return folder


def reconcile_ready(name: str = DETAIL, *, serial: str | None = None) -> bytes:
    """A 50."""
    fields = ("301", "20261121", "03", "T0000042", next(SERIALS) if serial is None else serial)
    return head("50", name) + packed(RECONCILE_READY, *fields)


def result_ready(name: str = RESULT, *, count: str = "1", amount: str = "12684", serial: str | None = None) -> bytes:
    """A 23."""
    fields = ("301", "20261122", "3010017", next(SERIALS) if serial is None else serial, "00042", count, amount)
    return head("23", name) + packed(RESULT_READY, *fields, "1", "99", "02")


def told(bank: Bank, content: bytes) -> tuple[str, str, str]:
    """Return code, text and number of the daemon's answer to a notice."""
    teller = bank.teller()
    assert isinstance(teller, Elec02Teller)
    with teller._connected(content) as connection:
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    fields = unpacked(REPLY_HEAD, received[10:185])
    return fields[1], fields[2], received[185:].decode("ascii").strip()


def test_a_file_is_noted(bank: Bank, folder: Path) -> None:
    """A file that stands there is noted under a number; the same notice gets it again, after a restart too."""
    (folder / "in" / DETAIL).write_bytes(DZ)
    notice = reconcile_ready()
    code, text, number = told(bank, notice)
    assert (code, text) == ("00", "")
    assert number.isdigit()
    assert int(number)

    bank.site.daemon.stop()
    bank.site.daemon.start()
    assert told(bank, notice) == ("00", "", number)
    code, _, another = told(bank, reconcile_ready())
    assert code == "00"
    assert another not in ("", number)


def test_a_debit_result_is_noted(bank: Bank, folder: Path) -> None:
    """What the notice says of it must be what its rows come to."""
    (folder / "in" / RESULT).write_bytes(DH)
    assert told(bank, result_ready(count="2"))[:2] == ("0g", "文件内容错: 已扣笔数或金额与明细不符")
    assert told(bank, result_ready(amount="12685"))[0] == "0g"
    assert told(bank, result_ready())[0] == "00"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (lambda: reconcile_ready(f"{PREFIX}dz20261120.txt"), "0d"),
        (lambda: reconcile_ready(RESULT), "0d"),
        (lambda: reconcile_ready(DETAIL.replace("301", "302")), "0d"),
        (lambda: reconcile_ready("../../fep.toml"), "0d"),
        (lambda: reconcile_ready(""), "13"),
        (lambda: reconcile_ready(serial=" "), "13"),
        (lambda: result_ready(amount="-1"), "13"),
    ],
)
def test_notices_that_are_refused(bank: Bank, folder: Path, content: Callable[[], bytes], code: str) -> None:
    """No such file, another kind, another bank's, none of the folder's; and messages that are none."""
    (folder / "in" / DETAIL).write_bytes(DZ)
    (folder / "in" / RESULT).write_bytes(DH)
    assert told(bank, content())[0] == code
    assert not (folder / "announced" / f"{PREFIX}dz20261120.txt.jsonl").exists()


def test_a_file_that_is_wrong(bank: Bank, folder: Path) -> None:
    """The bank is told which line and why, and may announce it again when it has been mended."""
    (folder / "in" / DETAIL).write_bytes(DZ[:-1])
    notice = reconcile_ready()
    assert told(bank, notice)[:2] == ("0g", "文件内容错: 第 5 行 最后一行没有行尾符")
    (folder / "in" / DETAIL).write_bytes(DZ)
    assert told(bank, notice)[0] == "00"


def test_a_notice_that_says_something_else_under_its_serial(bank: Bank, folder: Path) -> None:
    """One serial is one notice: another content is refused."""
    (folder / "in" / RESULT).write_bytes(DH)
    serial = next(SERIALS)
    assert told(bank, result_ready(serial=serial))[0] == "00"
    assert told(bank, result_ready(serial=serial, count="0", amount="0"))[0] == "13"


def test_what_has_been_noted(bank: Bank, folder: Path) -> None:
    """Each notice is a line that stays; a line that a crash has cut off is none."""
    (folder / "in" / DETAIL).write_bytes(DZ)
    journal = folder / "announced" / f"{DETAIL}.jsonl"
    journal.unlink(missing_ok=True)
    first = told(bank, reconcile_ready())[2]
    with journal.open("ab") as file:
        file.write(b'{"bank_date": "2026')
    (folder / "in" / DETAIL).write_bytes(DZ + dz_row(b"11", b"999", b"0104000000000009", b"100"))
    second = told(bank, reconcile_ready())[2]
    lines = [json.loads(line) for line in journal.read_text("ascii").splitlines()]
    assert [f"{line['fep_serial']:012d}" for line in lines] == [first, second]
    assert lines[0]["sha256"] != lines[1]["sha256"]


# --- what becomes of a reconcile file


def day_file(payments: list[tuple[Request, Shown]], day: str) -> bytes:
    """Return the bank's file of a day: a row for each bill of each payment, all with the amount of the payment.

    Its rows have the calendar's day, which is the bank's own; after the cut-off that is the day before the file's.
    """
    rows = [
        dz_row(
            b"11",
            b"%016d" % payment.serial,
            payment.account_no.encode("ascii"),
            b"%d" % payment.amount_fen,
            bill.bill_no.encode("ascii"),
            f"{today():%Y%m%d}".encode("ascii"),
        )
        for payment, shown in payments
        for bill in shown.bills
    ]
    return dz_head(b"%d" % len(rows), day.encode("ascii")) + b"".join(rows)


def test_a_day_is_reconciled(fresh_site: Site) -> None:
    """A payment of several bills is one, what was cancelled is in neither; first the bank must announce its file."""
    bank = Bank(fresh_site, FORMATS["elec02"])
    fresh_site.daemon.configure_bank(CODE, files="elec02", file_prefix=PREFIX)
    start(fresh_site)
    day = clearing_date()
    teller = bank.teller()
    payments = []
    for kind in ("owing", "many", "owing"):
        shown = teller.query(fresh_site.take(kind).account_no)
        payment = teller.settle(shown)
        assert teller.ask(payment).is_approved
        payments.append((payment, shown))
    assert len(payments[1][1].bills) > 1
    assert "0000/1" in teller.ask(teller.reverse(payments.pop()[0])).means
    config = fresh_site.directory / "fep.toml"
    done(fep("day", "close", CODE, "--date", day, "--config", config))
    incoming = fresh_site.directory / "files" / CODE / "in"
    incoming.mkdir(parents=True)
    name = f"{PREFIX}dz{day}.txt"
    (incoming / name).write_bytes(day_file(payments, day))
    reconcile = ("recon", "run", "--bank", CODE, "--date", day, "--config", config)

    ended = fep(*reconcile)
    assert (ended.returncode, "the bank has not said yet that it is complete" in ended.stderr) == (2, True)
    assert told(bank, reconcile_ready(name))[0] == "00"
    (incoming / name).write_bytes(day_file(payments[:1], day))
    ended = fep(*reconcile)
    assert (ended.returncode, "has been changed since" in ended.stderr) == (2, True)

    (incoming / name).write_bytes(day_file(payments, day))
    table = fresh_site.directory / "day.csv"
    done(fep(*reconcile, "--csv", table))
    [row] = list(csv.DictReader(table.read_text("utf-8-sig").splitlines()))
    assert (row["bank's rows"], row["FEP's rows"], row["matched"]) == ("2", "4", "2")
    assert [row[name] for name in ("amount differs", "state differs", "only bank", "only FEP", "in flight")] == [
        "0"
    ] * 5
    assert row["result file"] == ""


# --- what the bank is told


@pytest.fixture
def start_partner(bank: Bank) -> Iterator[Callable[[Manner], PartnerBank]]:
    """A way to start the bank's own program, at the address in its file."""
    programs: list[PartnerBank] = []
    port = free_port()
    bank.site.daemon.configure_bank(CODE, partner=f"127.0.0.1:{port}")

    def begin(manner: Manner) -> PartnerBank:
        programs.append(PartnerBank(manner, port))
        return programs[-1]

    yield begin
    bank.site.daemon.configure_bank(CODE, partner="")
    for program in programs:
        program.close()


def notify(bank: Bank, name: str = LIST, *options: str) -> tuple[int, str]:
    """Run the command and return its exit code and all it says."""
    config = bank.site.directory / "fep.toml"
    ended = fep("partner", "notify", name, "--bank", CODE, "--config", config, *options)
    return ended.returncode, ended.stdout + ended.stderr


def test_the_bank_is_told_of_a_list(bank: Bank, folder: Path, start_partner: Callable[[Manner], PartnerBank]) -> None:
    """22 has name and rows; told twice, each has a number of its own."""
    (folder / "out" / LIST).write_bytes(DS)
    program = start_partner(partner_bank.approve)
    config = bank.site.directory / "fep.toml"
    said = [done(fep("partner", "notify", LIST, "--bank", CODE, "--config", config)).stdout for _ in range(2)]
    assert said == [f"{CODE}: has been told of {LIST}, 2 rows\n"] * 2
    assert [(asked.code, asked.head[7], asked.head[8]) for asked in program.asked] == [("22", "2", LIST)] * 2
    assert len({asked.message_id for asked in program.asked}) == 2


@pytest.mark.parametrize(
    ("manner", "exit_code", "said"),
    [
        (refuse("70", "上一批未处理完"), 1, "the bank refuses with code 70: 上一批未处理完"),
        (partner_bank.hang_up, 3, "whether it has been told is not known; telling it again is harmless"),
    ],
)
def test_a_bank_that_does_not_take_it(
    bank: Bank,
    folder: Path,
    start_partner: Callable[[Manner], PartnerBank],
    manner: Manner,
    exit_code: int,
    said: str,
) -> None:
    """The operator is told what is certain."""
    (folder / "out" / LIST).write_bytes(DS)
    start_partner(manner)
    code, output = notify(bank)
    assert code == exit_code
    assert said in output


def test_a_bank_that_is_away(bank: Bank, folder: Path, start_partner: Callable[[Manner], PartnerBank]) -> None:
    """Nothing was sent, and the operator knows it, in his language."""
    assert start_partner
    (folder / "out" / LIST).write_bytes(DS)
    code, output = notify(bank, LIST, "--lang", "zh")
    assert (code, "无法连接银行" in output, "未发送" in output) == (3, True, True)


def test_lists_that_no_bank_is_told_of(
    bank: Bank, folder: Path, start_partner: Callable[[Manner], PartnerBank]
) -> None:
    """One that is not there, is cut off, or is no list: the bank could not read it either."""
    program = start_partner(partner_bank.approve)
    (folder / "out" / RESULT).write_bytes(DH)
    for name, said in ((LIST, "no such file"), (RESULT, "no debit list"), ("../fep.toml", "no debit list")):
        code, output = notify(bank, name)
        assert (code, said in output) == (2, True), output
    (folder / "out" / LIST).write_bytes(DS[:-1])
    code, output = notify(bank)
    assert (code, "line 3" in output) == (2, True), output
    assert program.asked == []


def test_a_bank_that_is_not_told(bank: Bank) -> None:
    """A bank without such a notice, or without an address, is named."""
    config = bank.site.directory / "fep.toml"
    for code, said in ((CODE, "names no partner"), ("0102", "has no such notice"), ("9999", "no such bank")):
        ended = fep("partner", "notify", LIST, "--bank", code, "--config", config)
        assert (ended.returncode, said in ended.stderr) == (2, True), ended.stderr
