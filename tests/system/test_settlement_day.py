"""A settlement day, from the counter to the audit, over real processes and sockets. 结算日"""

import csv
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemon import ROOT, environment, fep
from tests.support.debit_files import Answer, debit_list, debited, mandate_file, result_file
from tests.support.operators import fep_as, name_of, share, shared_directory
from tests.support.raw_bank import Frame, new_serial, today
from tests.system import checks, messages, pushing
from tests.system.billing import Account
from tests.system.checks import ask, clearing_date
from tests.system.conftest import Site
from tests.system.engines import Template
from tests.system.messages import CANCEL, DEBITED, PAY, QUERY, RECON_TOTALS, REVERSE, STATUS, pay, status, undo
from tests.system.transfer import got, put, sealed

BANK = "0102"
POSTED, CANCELLED, REVERSED = 1, 2, 3
RECONCILED, DIFFERENCE = 1, 2
"""What STATUS says of a payment whose day is reconciled."""


@dataclass(frozen=True)
class Row:
    """A request as the bank has it, to be written into its reconcile file."""

    bank_date: date
    serial: int
    account_no: str
    amount: int
    txn: int = PAY
    state: int = POSTED

    def line(self, matching: int | str = "") -> bytes:
        """Return its row, in the result file with its class."""
        identity = f"D{self.bank_date:%Y%m%d}{self.serial:012d}{self.account_no:<16}"
        return f"{identity}{self.txn}{self.amount:016d}{self.state}{matching}".encode()


def reconcile_file(day: date, rows: Sequence[Row], matchings: Sequence[int] = ()) -> bytes:
    """Return a reconcile file of the bank; with the class of each row, the result."""
    total = sum(row.amount if row.txn == PAY else -row.amount for row in rows)
    head = f"H{BANK}{day:%Y%m%d}{len(rows):08d}{total:016d}".encode()
    return sealed([head, *(row.line(matching) for row, matching in zip_longest(rows, matchings, fillvalue=""))])


class Day:
    """The day that is settled: the bank at the counter, and the clerks at their commands."""

    def __init__(self, site: Site) -> None:
        self.site, self.bank = site, site.bank(BANK)
        self.config = ("--config", site.directory / "fep.toml")
        self.date = date.fromisoformat(clearing_date())

    def ask(self, txn: int, body: bytes, code: str = "0000", **fields: Any) -> Frame:
        """Send a request of the bank's on that day."""
        return ask(self.bank, txn, body, code, bank_date=self.date, **fields)

    def paid(self, account: Account) -> Row:
        """Settle an account at the counter."""
        serial = new_serial()
        self.ask(PAY, pay(account.account_no, account.payable), serial=serial)
        return Row(self.date, serial, account.account_no, account.payable)

    def undone(self, row: Row, txn: int) -> Row:
        """Cancel or reverse a payment."""
        serial = new_serial()
        self.ask(txn, undo(row.account_no, row.amount, row.serial, self.date), serial=serial)
        return replace(row, serial=serial, txn=txn)

    def totals(self) -> dict[str, Any]:
        """What RECON_TOTALS says of the day."""
        body = messages.TOTALS_REQUEST.pack(clearing_date=self.date)
        return messages.TOTALS_REPLY.unpack(self.ask(RECON_TOTALS, body).body)

    def status(self, row: Row) -> tuple[int, int]:
        """State of a payment, and what its reconciliation says."""
        fields = messages.STATUS_REPLY.unpack(self.ask(STATUS, status(row.account_no, row.serial, self.date)).body)
        return fields["state"], fields["reconciled"]

    def due(self, account_no: str) -> tuple[int, int]:
        """What an account owes, and its balance."""
        head, _ = messages.query_reply(self.ask(QUERY, messages.query(account_no)).body)
        return head["total_due"], head["balance"]

    def fep(self, *words: str | Path, code: int = 0) -> str:
        """Run a command of the utility and return what it said."""
        return ended(fep(*words, *self.config), code)

    def script(self, name: str, *words: str | Path, code: int = 0) -> str:
        """Run a script of the tree likewise."""
        command = [str(word) for word in (ROOT / "scripts" / name, *words, *self.config)]
        run = subprocess.run(
            command, env={**environment(), "FEP_LANG": "en"}, capture_output=True, text=True, timeout=60, check=False
        )
        return ended(run, code)

    def operator(self, clerk: str, *words: str, code: int = 0) -> str:
        """Run a command as a clerk."""
        return ended(fep_as(clerk, *words, *self.config), code)


def ended(run: "subprocess.CompletedProcess[str]", code: int) -> str:
    """Return what a command said, which must have ended with ``code``."""
    assert run.returncode == code, (run.args, run.returncode, run.stdout, run.stderr)
    assert "Traceback" not in run.stderr
    return run.stdout + run.stderr


@pytest.fixture
def clerks_site(template: Template, secrets: set[str]) -> Iterator[Site]:
    """A site that two clerks of the machine may use; bills are pushed to the bank."""
    with shared_directory() as folder:
        site = Site(template.copy(folder / "site"), template.books.copy())
        share(site.directory / "fep.toml")
        site.daemon.configure_bank(BANK, push=True)
        site.daemon.start()
        try:
            yield site
            site.close(secrets | {pushing.PASSBOOK})
        finally:
            for daemon in site.daemons:
                daemon.kill()
            template.drop(site.directory)


def counter(day: Day) -> dict[str, Row]:
    """Pay, cancel and reverse at the counter; return what the bank writes down, some of it wrongly."""
    site = day.site
    rows = {name: day.paid(site.take("owing")) for name in ("matched", "cancelled", "reversed")}
    rows["cancel"] = day.undone(rows["cancelled"], CANCEL)
    rows["reverse"] = day.undone(rows["reversed"], REVERSE)
    rows |= {name: day.paid(site.take("future")) for name in ("more", "undone there", "only FEP")}
    only_bank = site.take("future")
    rows["only bank"] = Row(day.date, new_serial(), only_bank.account_no, only_bank.payable)
    rows["cancel there"] = replace(rows["undone there"], serial=new_serial(), txn=CANCEL)
    rows["reverse there"] = replace(rows["matched"], serial=new_serial(), txn=REVERSE)  # of nobody knows what
    return {
        **rows,
        "cancelled": replace(rows["cancelled"], state=CANCELLED),
        "reversed": replace(rows["reversed"], state=REVERSED),
        "more": replace(rows["more"], amount=rows["more"].amount + 100),
        "undone there": replace(rows["undone there"], state=CANCELLED),
    }


def reconciled(day: Day, rows: dict[str, Row]) -> None:
    """The bank puts its file and fetches the result: a class for each of its rows, then what only the FEP has."""
    matchings = {
        **dict.fromkeys(("matched", "cancelled", "cancel", "reversed", "reverse"), 1),
        "more": 2,
        "undone there": 3,
        "cancel there": 3,
        "only bank": 4,
        "reverse there": 4,
    }
    sent = [rows[name] for name in matchings]
    put(day.bank, f"DZ{BANK}{day.date:%Y%m%d}.txt", reconcile_file(day.date, sent))
    said = day.script("reconcile", "--date", f"{day.date}", code=1)
    assert re.search(rf"^{BANK}\t.*\t5\t1\t1\t2\t1\t0\t", said, re.MULTILINE), said
    result = reconcile_file(day.date, [*sent, rows["only FEP"]], [*matchings.values(), 5])
    assert got(day.bank, f"DZR{BANK}{day.date:%Y%m%d}.txt") == result
    assert day.totals()["batch_no"] != "0" * 12
    assert [day.status(rows[name]) for name in ("matched", "cancelled", "only FEP", "only bank")] == [
        (POSTED, RECONCILED),
        (CANCELLED, RECONCILED),
        (POSTED, DIFFERENCE),
        (0, 0),
    ]


def worked(day: Day, rows: dict[str, Row]) -> None:
    """Each difference is proposed by one clerk and approved by the other; then nothing is left."""
    listed = (line.split("\t") for line in day.fep("recon", "list").splitlines())
    numbers = {cells[6]: cells[0] for cells in listed if cells[1] == BANK}
    acts = {
        "only bank": "post",
        "more": "refund",
        "undone there": "undo",
        "only FEP": "claim",
        "reverse there": "close",
    }
    assert set(numbers) == {f"{rows[name].serial:012d}" for name in acts}
    for name, act in acts.items():
        number = numbers[f"{rows[name].serial:012d}"]
        day.operator("clerk", "recon", act, number, "--reason", "the bank has agreed")
        if act == "post":
            assert name_of("clerk") in day.operator("clerk", "recon", "approve", number, code=2)
        day.operator("chief", "recon", "approve", number)
    closed = re.search(rf"^{BANK}\t{day.date}\t.*", day.fep("day", "list"), re.MULTILINE)
    assert closed is not None
    assert closed[0].endswith("\t0")
    assert [day.status(rows[name]) for name in ("only bank", "more", "undone there", "only FEP")] == [
        (POSTED, RECONCILED),
        (POSTED, RECONCILED),
        (CANCELLED, RECONCILED),
        (POSTED, RECONCILED),
    ]
    assert day.due(rows["only bank"].account_no) == (0, 0)
    assert day.due(rows["undone there"].account_no) == (8_000, 0)


def debits(day: Day) -> Account:
    """Two accounts get a mandate and are listed; one is debited, the other is released; return the first."""
    first, second = (day.site.take("future") for _ in range(2))
    mandates = [(each.account_no, each.name, pushing.PASSBOOK, 1) for each in (first, second)]
    put(day.bank, f"WT{BANK}{today():%Y%m%d}.txt", mandate_file(BANK, int(f"{today():%Y%m%d}"), mandates))
    day.script("debit_mandates", "--bank", BANK)
    month = first.bills[0].month
    for number in (1, 2):
        day.script("debit_export", "--bank", BANK, "--month", month)
        listed = debit_list(got(day.bank, f"DK{BANK}{month}{number:02d}.txt"))
        day.ask(PAY, pay(second.account_no, second.payable), "2011")
        if number == 1:
            assert [row.account_no for row in listed.rows] == [first.account_no, second.account_no]
            answers = [debited(listed.rows[0], int(f"{today():%Y%m%d}"), new_serial()), Answer("01")]
            put(day.bank, f"DKR{BANK}{month}01.txt", result_file(listed, answers))
            day.script("debit_import", "--bank", BANK)
    assert [row.account_no for row in listed.rows] == [second.account_no]
    day.operator("clerk", "debit", "release", f"{listed.batch_no}", "--reason", "the bank has lost it")
    day.operator("clerk", "debit", "approve", f"{listed.batch_no}", code=2)
    day.operator("chief", "debit", "approve", f"{listed.batch_no}")
    assert [day.due(each.account_no) for each in (first, second)] == [(0, 0), (8_000, 0)]
    return first


def pushed(day: Day, account: Account) -> None:
    """A new bill of an account with a mandate is pushed to the bank at once, which debits it."""
    bill_no = pushing.load_bill(day.site, account)
    frame, fields = pushing.pushed(day.bank, bill_no)
    assert (fields["passbook"], fields["principal"]) == (pushing.PASSBOOK, pushing.PRINCIPAL_FEN)
    serial = pushing.new_debit_serial()
    pushing.answer(day.bank, frame, DEBITED, debit_date=today(), debit_serial=serial, amount=pushing.DUE_FEN)
    pushing.wait_for(day.site, bill_no, state="debited")
    assert day.due(account.account_no) == (0, 0)


def reported(day: Day) -> None:
    """The day report, its statement for the ledger and RECON_TOTALS say the same of the day."""
    report, statement = day.site.directory / "day.csv", day.site.directory / "day.xml"
    day.script("day_report", "--date", f"{day.date}", "--csv", report, "--camt", statement)
    with report.open(encoding="utf-8-sig", newline="") as file:
        (row,) = (row for row in csv.reader(file) if row[0] == BANK)
    totals = day.totals()
    counts = [totals[f"{txn}_{what}"] for txn in ("pay", "cancel", "reverse") for what in ("count", "amount")]
    assert [int(cell.replace(".", "")) for cell in row[1:7]] == counts
    assert counts[::2] == [6, 1, 1]
    net = counts[1] - counts[3] - counts[5]
    assert f"<Sum>{counts[1] // 100}.{counts[1] % 100:02d}</Sum>" in statement.read_text(encoding="utf-8")
    assert int(row[8].replace(".", "")) == net


def test_a_settlement_day(clerks_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A day is closed and reconciled, two clerks work its differences, bills are debited by list and by push and
    settled from balances; the reports say what the bank was told, and the books agree.
    """
    day, site = Day(clerks_site), clerks_site
    rows = counter(day)
    day.script("day_close", "--bank", "all", "--date", f"{day.date}")
    monkeypatch.setattr(checks, "clearing_date", lambda: f"{day.date + timedelta(days=1):%Y%m%d}")
    day.paid(site.take("owing"))  # after the close: it is answered, and counted, on the next day
    reconciled(day, rows)
    worked(day, rows)
    pushed(day, debits(day))
    saved = site.take("saved")
    day.script("apply_balances")
    assert day.due(saved.account_no) == (0, saved.balance - saved.total_due)
    reported(day)
    trail = day.script("audit_trail", "--date", f"{today()}", "--verify")
    findings = re.findall(r"^[a-z_]+\t[^\t]+\t(\d+)$", trail, re.MULTILINE)
    assert len(findings) > 20
    assert set(findings) == {"0"}
    assert [event for event in site.daemon.events() if event["level"] == "error"] == []
