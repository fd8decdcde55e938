"""What the tests of pushed bills share: mandates, newly loaded bills, a bank that answers, and the push as stored."""

import csv
import time
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from tests.support.daemon import done, fep
from tests.support.raw_bank import Frame, RawBank, today
from tests.system.billing import BILL_COLUMNS, Account, late_fee
from tests.system.conftest import Site
from tests.system.database import execute
from tests.system.messages import BILL_PUSH, PUSH_REPLY, PUSH_REQUEST

BANK = "0102"
PASSBOOK = "6222880099999901"
PRINCIPAL_FEN = 12_000
DUE = today() - timedelta(days=20)
FEE_FEN = late_fee("residential", PRINCIPAL_FEN, DUE, today())
DUE_FEN = PRINCIPAL_FEN + FEE_FEN
_numbers = count(1)
_serials = count(900_000_000_001)


def new_debit_serial() -> str:
    """Return a serial that no other debit of this run has."""
    return str(next(_serials))


def give_mandate(
    site: Site, account: Account, bank_code: str = BANK, *, name: str = "代扣户", state: str = "active"
) -> None:
    """Store a mandate as a file of the bank's would."""
    execute(
        site.directory,
        "INSERT INTO mandates (account_no, bank_code, name, passbook, state, file_date, changed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        *(account.account_no, bank_code, name, PASSBOOK, state, 20261101, 20261101000000000),
    )


def bills_file(folder: Path, *bills: tuple[str, str, int, date]) -> Path:
    """Write a file of (bill_no, account_no, principal in fen, due date)."""
    path = folder / f"bills{next(_numbers)}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(BILL_COLUMNS.split(","))
        for bill_no, account_no, principal, due in bills:
            writer.writerow([bill_no, account_no, "202610", 7, 100, 0, 100, principal, f"{due:%Y%m%d}"])
    return path


def load_bill(site: Site, account: Account, *, principal: int = PRINCIPAL_FEN, due: date = DUE) -> str:
    """Load one more bill of an account with ``fep load`` and return its number."""
    bill_no = f"TBPUSH{next(_numbers):06d}"
    path = bills_file(site.directory, (bill_no, account.account_no, principal, due))
    done(fep("load", path, "--config", site.directory / "fep.toml"))
    return bill_no


def stored(site: Site, bill_no: str) -> dict[str, Any]:
    """Return the push of a bill; empty when there is none."""
    names = (
        "state, fep_serial, late_fee_fen, tries, debit_serial, debited_fen, posted_serial, refusal, reason, "
        "is_reported, due_at"
    )
    rows = execute(site.directory, f"SELECT {names} FROM pushes WHERE bill_no = ?", bill_no)
    return dict(zip(names.split(", "), rows[0], strict=True)) if rows else {}


def wait_for(site: Site, bill_no: str, *, timeout_s: float = 15.0, **wanted: Any) -> dict[str, Any]:
    """Return the push of a bill once it is as wanted."""
    deadline = time.monotonic() + timeout_s
    while True:
        push = stored(site, bill_no)
        if push and all(push[name] == value for name, value in wanted.items()):
            return push
        assert time.monotonic() < deadline, (wanted, push)
        time.sleep(0.05)


def make_due(site: Site, bill_no: str) -> None:
    """Let the time pass after which a push is pushed again."""
    execute(site.directory, "UPDATE pushes SET due_at = 20200101000000000 WHERE bill_no = ?", bill_no)


def pushed(bank: RawBank, bill_no: str, timeout_s: float = 15.0) -> tuple[Frame, dict[str, Any]]:
    """Return the FEP's request for a bill and its fields; others are put aside."""
    others = []
    deadline = time.monotonic() + timeout_s
    while True:
        frame = bank.next_fep_request(deadline - time.monotonic())
        if frame.txn_code == BILL_PUSH:
            assert frame.mac_state == "right", frame
            fields = PUSH_REQUEST.unpack(frame.body)
            if fields["bill_no"] == bill_no:
                bank.fep_requests += others
                return frame, fields
        others.append(frame)


def answer(bank: RawBank, frame: Frame, outcome: int, **fields: Any) -> None:
    """Answer a push."""
    bank.send(bank.answer(frame, PUSH_REPLY.pack(outcome=outcome, **fields)))


def bill_state(site: Site, bill_no: str) -> str:
    """Return the state of a bill."""
    return str(execute(site.directory, "SELECT state FROM bills WHERE bill_no = ?", bill_no)[0][0])


def payments_under(site: Site, debit_serial: str) -> list[tuple[object, ...]]:
    """Return amount, what was settled, change of the balance and channel of what is posted under a bank's serial."""
    return execute(
        site.directory,
        "SELECT amount_fen, settled_principal_fen, settled_late_fee_fen, balance_change_fen, channel "
        "FROM payments WHERE bank_serial = ?",
        debit_serial,
    )
