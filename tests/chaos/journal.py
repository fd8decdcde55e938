"""The banks' own journal 银行端流水: what every teller sent, when, and what it was answered.

It is the truth that the utility's books are held against afterwards. Times are seconds of one monotonic clock, taken
before a request is sent and after its reply was read: where one request was answered before another was sent, the first
happened before the second, whichever daemons they went to.
"""

import json
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

from tests.support.raw_bank import Frame, today
from tests.system import messages
from tests.system.messages import CANCEL, PAY, PAY_REPLY, REVERSE, UNDO_REPLY

APPROVED, UNKNOWN, INTERNAL_ERROR = "0000", "9002", "9003"
NOT_STARTED = frozenset({"1011", "9001", INTERNAL_ERROR})
"""Of this sending nothing was done, and nothing will be."""
MONEY = frozenset({PAY, CANCEL, REVERSE})
NAMES = {PAY: "PAY", CANCEL: "CANCEL", REVERSE: "REVERSE", messages.STATUS: "STATUS", messages.INVOICE: "INVOICE"}
Identity = tuple[str, int, int]
"""bank_code, bank_date as YYYYMMDD, bank_serial."""

UNDONE, NEVER_ARRIVED, UNDONE_BEFORE = 1, 2, 3
"""The outcomes of a REVERSE."""
FIRST_AUDITOR = 10_000
"""From this number on it is no teller who sends, but whoever asks about everything in the end."""


@dataclass(slots=True, eq=False)
class Sending:
    """One frame on its way to one daemon, and the reply to it.

    Attributes:
        code: response code; empty: no authentic reply came.
    """

    teller: int
    daemon: int
    sent_s: float
    answered_s: float | None = None
    code: str = ""
    repeat: bool = False
    fep_serial: int = 0
    clearing_date: str = ""
    body: bytes = b""

    def answer(self, reply: Frame) -> None:
        """Write down the reply."""
        self.code, self.repeat, self.body = reply.code, reply.repeat, reply.body
        self.fep_serial, self.clearing_date = int(reply.fep_serial), reply.clearing_date
        self.answered_s = time.monotonic()

    @property
    def approved(self) -> bool:
        return self.code == APPROVED

    @property
    def uncertain(self) -> bool:
        """Whether its own reply, or none, leaves open what happened."""
        return self.code in ("", UNKNOWN)

    def before(self, other: "Sending") -> bool:
        """Whether its reply had been read when the other was sent."""
        return self.answered_s is not None and self.answered_s < other.sent_s


@dataclass(slots=True, eq=False)
class Entry:
    """A request that moves money, under its identity, with everything that was said about it.

    Attributes:
        invoice: the PAY asked for its invoice at once.
        sendings: of this very content, in the order sent.
        strangers: sendings of other content under the same identity.
        asked: STATUS requests about it.
        undos: the CANCELs and REVERSEs that name it.
    """

    bank_code: str
    bank_date: date
    serial: int
    txn: int
    account_no: str
    amount_fen: int
    body: bytes
    channel: int = 1
    invoice: bool = False
    original: "Entry | None" = None
    sendings: list[Sending] = field(default_factory=list)
    strangers: list[Sending] = field(default_factory=list)
    asked: list[Sending] = field(default_factory=list)
    undos: list["Entry"] = field(default_factory=list)

    @property
    def identity(self) -> Identity:
        return self.bank_code, int(self.bank_date.strftime("%Y%m%d")), self.serial

    @property
    def approvals(self) -> list[Sending]:
        """Its sendings that were answered 0000."""
        return [sending for sending in self.sendings if sending.approved]

    @property
    def first_reply(self) -> dict[str, Any] | None:
        """The fields of its approved reply; None when no such reply came."""
        layout = PAY_REPLY if self.txn == PAY else UNDO_REPLY
        return next((layout.unpack(sending.body) for sending in self.approvals), None)

    @property
    def was_uncertain(self) -> bool:
        """Whether there was a moment in which the bank did not know."""
        return any(sending.uncertain for sending in self.sendings)

    def __repr__(self) -> str:
        return f"<{NAMES[self.txn]} {self.identity} {self.account_no} {self.amount_fen}>"


@dataclass(slots=True, eq=False)
class Print:
    """An INVOICE request under its own identity, with its sendings."""

    payment: Entry
    serial: int
    sendings: list[Sending] = field(default_factory=list)


class Journal:
    """Everything that all banks of a run know; tellers write to it from their threads."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.prints: list[Print] = []
        self.totals: list[tuple[str, Sending]] = []
        self.ended: list[Sending] = []  # of money requests, in the order in which their tellers stopped waiting
        self.complaints: list[str] = []  # what a reply may never be, found by a teller at once
        self._serials = count(1)
        self._recent: dict[str, deque[Entry]] = {}
        self._under_way: dict[int, Entry] = {}
        self._lock = threading.Lock()

    # -- writing

    def open(self, txn: int, bank_code: str, account_no: str, amount_fen: int, body: bytes, **more: Any) -> Entry:
        """Give a request its identity; it has not been sent yet."""
        with self._lock:
            entry = Entry(bank_code, today(), next(self._serials), txn, account_no, amount_fen, body, **more)
            self.entries.append(entry)
            if entry.original is not None:
                entry.original.undos.append(entry)
            self._recent.setdefault(bank_code, deque(maxlen=64)).append(entry)
        return entry

    def open_print(self, payment: Entry) -> Print:
        """Give an INVOICE request its identity."""
        with self._lock:
            self.prints.append(Print(payment, next(self._serials)))
            return self.prints[-1]

    def new_serial(self) -> int:
        """Return a serial for a request that is remembered by nobody."""
        with self._lock:
            return next(self._serials)

    def begin(self, teller: int, entry: Entry) -> None:
        """A teller is about to send a request."""
        with self._lock:
            self._under_way[teller] = entry

    def end(self, teller: int, sending: Sending) -> None:
        """The teller has its answer, or has given up waiting for it."""
        with self._lock:
            self._under_way.pop(teller, None)
            self.ended.append(sending)

    def complain(self, text: str) -> None:
        """Write down what may never happen; a run with complaints fails."""
        with self._lock:
            self.complaints.append(text)

    # -- reading

    def under_way(self, teller: int, bank_code: str) -> list[Entry]:
        """Return what the teller's colleagues of the same bank have under way."""
        with self._lock:
            return [e for t, e in self._under_way.items() if t != teller and e.bank_code == bank_code]

    def recent(self, bank_code: str) -> list[Entry]:
        """Return the latest requests of a bank, oldest first."""
        with self._lock:
            return list(self._recent.get(bank_code, ()))

    def sendings(self) -> Iterator[Sending]:
        """Yield every sending of a money request."""
        for entry in list(self.entries):
            yield from list(entry.sendings)

    def about(self, account_no: str) -> list[Entry]:
        """Return the requests of one account, in the order in which they got their identities."""
        return [entry for entry in self.entries if entry.account_no == account_no]

    def write(self, path: Path) -> None:
        """Write all of it to a file, one JSON object for each sending, in the order sent."""
        lines = sorted((line for entry in self.entries for line in history(entry)), key=lambda line: line["sent_s"])
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def history(entry: Entry) -> list[dict[str, Any]]:
    """Return what was sent under an identity and answered, in the order sent."""
    kinds: Iterable[tuple[str, list[Sending]]] = (
        (NAMES[entry.txn], entry.sendings),
        ("other content", entry.strangers),
        ("STATUS", entry.asked),
    )
    lines = [
        {
            "sent_s": round(sending.sent_s, 4),
            "answered_s": None if sending.answered_s is None else round(sending.answered_s, 4),
            "what": what,
            "identity": entry.identity,
            "original": None if entry.original is None else entry.original.identity,
            "account_no": entry.account_no,
            "amount_fen": entry.amount_fen,
            "teller": sending.teller,
            "daemon": sending.daemon,
            "code": sending.code,
            "repeat": sending.repeat,
            "fep_serial": sending.fep_serial,
            "clearing_date": sending.clearing_date,
            "body": sending.body.hex() if sending.approved and what != "other content" else "",
        }
        for what, sendings in kinds
        for sending in sendings
    ]
    return sorted(lines, key=lambda line: line["sent_s"])
