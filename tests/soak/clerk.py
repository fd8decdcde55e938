"""The clerks 账务员: each closed day is compared, reconciled by file and audited while the next one is at work."""

import hashlib
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from datetime import date
from typing import TypeVar

from tests.soak.books import Books, Row
from tests.soak.client import ANSWER_LIMIT_S, LOST
from tests.soak.lines import BankKeys, StandardLine
from tests.soak.site import RECONCILED, Site
from tests.support.daemon import fep
from tests.support.raw_bank import Closed, Frame
from tests.system.messages import (
    CANCEL,
    CHUNK,
    FILE_GET,
    FILE_GET_REQUEST,
    FILE_PUT,
    FILE_PUT_REPLY,
    PAY,
    RECON_TOTALS,
    TOTALS_REPLY,
    TOTALS_REQUEST,
)
from tests.system.transfer import CHUNK_BYTES, chunk_body, sealed

Said = TypeVar("Said")

_BALANCED, _STILL_OPEN = 1, 3
_POSTED, _CANCELLED, _REVERSED = 1, 2, 3
_COMMAND_LIMIT_S = 300.0
_LOOK_S = 0.2


def detail_file(bank_code: str, day: date, rows: list[Row]) -> bytes:
    """Return a bank's reconcile file of one day."""
    undone = {row.original: _CANCELLED if row.txn == CANCEL else _REVERSED for row in rows if row.txn != PAY}
    total = sum(row.amount_fen if row.txn == PAY else -row.amount_fen for row in rows)
    head = f"H{bank_code}{day:%Y%m%d}{len(rows):08d}{total:016d}"
    lines = [
        f"D{row.bank_date}{row.serial:012d}{row.account_no:<16}{row.txn}{row.amount_fen:016d}"
        f"{undone.get(row.serial, _POSTED) if row.txn == PAY else _POSTED}"
        for row in rows
    ]
    return sealed([line.encode("ascii") for line in (head, *lines)])


class Clerk(threading.Thread):
    """Settles the days of the banks that are reconciled by file, as they close."""

    def __init__(self, site: Site, keys: Mapping[str, BankKeys], books: Books, over: threading.Event) -> None:
        super().__init__(name="clerk", daemon=True)
        self.failure = ""
        self.settled: dict[tuple[str, date], int] = {}  # rows of each day
        self._site, self._keys, self._books, self._over = site, keys, books, over

    def run(self) -> None:
        try:
            while not self._over.wait(_LOOK_S):
                self.settle()
        except Exception:
            self.failure = traceback.format_exc()

    def settle(self) -> None:
        """Settle every day that is closed and has not been."""
        for bank_code in RECONCILED:
            for day in self._books.days(bank_code)[:-1]:  # the latest one is open
                if (bank_code, day) not in self.settled:
                    self._settle(bank_code, day)
                    self._after(day)

    def _settle(self, bank_code: str, day: date) -> None:
        self._wait_until_known()
        rows = self._books.rows(bank_code, day)
        totals = self._books.totals[bank_code][day]
        what = f"{bank_code} of {day}"
        said = self._over_a_line(bank_code, lambda line: self._totals(line, day, totals.fields()))
        if said["result"] != _BALANCED:
            self._books.fault(f"the totals of {what} do not balance: {totals.fields()} and {said}")
        data = detail_file(bank_code, day, rows)
        name = f"{bank_code}{day:%Y%m%d}.txt"
        self._over_a_line(bank_code, lambda line: self._put(line, f"DZ{name}", data))
        self.command("recon", "run", "--date", f"{day}", "--bank", bank_code)
        result = self._over_a_line(bank_code, lambda line: self._get(line, f"DZR{name}"))
        matched = [line.endswith(b"1") for line in result.split(b"\r\n") if line.startswith(b"D")]
        if not all(matched) or len(matched) != len(rows):
            self._books.fault(f"the result of {what}: {sum(matched)} of {len(rows)} rows match, {len(matched)} came")
        self.settled[bank_code, day] = len(rows)

    def _after(self, day: date) -> None:
        """What is done each night, once for all banks."""
        if all((bank_code, day) in self.settled for bank_code in RECONCILED):
            self.command("balances", "apply")
            self.command("report", "day", "--date", f"{day}")
            self.command("audit", "sums")
            self._books.note("days settled")

    def command(self, *words: str) -> str:
        """Run a command of the utility, which must be done without a finding."""
        config = ("--config", self._site.directory / "fep.toml")
        result = fep(*words, *config, timeout_s=_COMMAND_LIMIT_S)
        if result.returncode or "Traceback" in result.stderr:
            said = (result.stdout + result.stderr)[-1_500:]
            self._books.fault(f"fep {' '.join(words)}: exit code {result.returncode}: {said}")
        self._books.note(f"fep {' '.join(words[:2])}")
        return result.stdout

    def _wait_until_known(self) -> None:
        """Wait until no payment that may belong to a day that has ended is under way."""
        now_s = time.monotonic()
        deadline_s = now_s + 3 * ANSWER_LIMIT_S
        while self._books.oldest_pending_s() < now_s and time.monotonic() < deadline_s:
            time.sleep(0.05)

    # -- over a line of the bank

    def _over_a_line(self, bank_code: str, act: Callable[[StandardLine], Said]) -> Said:
        """Do something over a line of its own, and again over another one when it is lost."""
        deadline_s = time.monotonic() + 2 * ANSWER_LIMIT_S
        while True:
            try:
                line = StandardLine(self._site.port, bank_code, self._keys[bank_code])
                try:
                    return act(line)
                finally:
                    line.close()
            except LOST:
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(_LOOK_S)

    def _totals(self, line: StandardLine, day: date, totals: dict[str, int]) -> dict[str, int]:
        while True:
            body = TOTALS_REQUEST.pack(clearing_date=day, **totals)
            fields = TOTALS_REPLY.unpack(_asked(line, RECON_TOTALS, body).body)
            if fields["result"] != _STILL_OPEN:
                return fields
            time.sleep(_LOOK_S)

    def _put(self, line: StandardLine, name: str, data: bytes) -> None:
        offset, complete = 0, False
        while not complete:
            body = chunk_body(name, data, offset, min(CHUNK_BYTES, len(data) - offset))
            reply = FILE_PUT_REPLY.unpack(_asked(line, FILE_PUT, body).body)
            offset, complete = reply["next_offset"], bool(reply["complete"])

    def _get(self, line: StandardLine, name: str) -> bytes:
        data = b""
        while True:
            body = FILE_GET_REQUEST.pack(file_name=name, offset=len(data))
            fields = CHUNK.unpack(_asked(line, FILE_GET, body).body)
            if not fields["chunk_size"]:
                assert hashlib.sha256(data).digest() == fields["sha256"]
                return data
            data += fields["chunk"][: fields["chunk_size"]]


def _asked(line: StandardLine, txn_code: int, body: bytes) -> Frame:
    reply = line.bank.request(txn_code, body)
    if reply.code in ("1011", "1012", "9001"):
        raise Closed(reply.code)  # tried again over another line
    assert reply.code == "0000", reply
    return reply
