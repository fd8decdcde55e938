"""Movement check 流水与日志核对: what the journal has against what the audit logs tell, both ways.

It finds lines that were cut off behind the last seal, and rows that were added, changed or deleted in the database.
A movement of the last ``MARGIN`` may be on its way into the log, and is left out.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from typing import NamedTuple

from dbgate.audits.told import Posted
from fep.audit.movements import digits
from fep.audit.verifying import Walked
from fep.language import Text
from protocol.masking import masked_account

MARGIN = timedelta(seconds=60)

_TOLD = re.compile(
    rb'"at": "(?P<at>[^"]{29})", "kind": "money", "counted": "[a-z]*", "clearing_date": "(?P<day>\d*)", '
    rb'"amount_fen": (?P<fen>-?\d+), "bank_code": "(?P<bank>[^"]*)", "transaction": "(?P<name>[a-z_]+)", '
)
_SERIAL = re.compile(rb'"fep_serial": "(\d{12})"')
_CODE = re.compile(rb'"response_code": "(\d{4})"')
_ACCOUNT = re.compile(rb'"account_no": "([^"\\]*)"')
_IDENTITY = re.compile(rb'"bank_date": "(\d{8})", "bank_serial": "([^"\\]*)"')


class Disagreement(Enum):
    """How journal and log differ."""

    UNTOLD = "untold"
    GONE = "gone"
    DIFFERS = "differs"

    @property
    def text(self) -> Text:
        """Return it in words."""
        return _TEXTS[self]


_TEXTS = {
    Disagreement.UNTOLD: Text("in the database, and no log tells of it", "数据库中有, 日志中无"),
    Disagreement.GONE: Text("a log tells of it, and it is not in the database", "日志中有, 数据库中无"),
    Disagreement.DIFFERS: Text(
        "not as the log tells: bank, day, amount or account", "与日志的银行、日期、金额或户号不同"
    ),
}


class Differing(NamedTuple):
    """One movement of which journal and log do not say the same; what one of them does not have is None."""

    what: Disagreement
    fep_serial: int
    bank_code: str
    clearing_date: str
    told_fen: int | None
    posted_fen: int | None


class _Told(NamedTuple):
    bank_code: str
    clearing_date: str
    amount_fen: int
    account_no: str
    is_old: bool


@dataclass(slots=True)
class ToldMovements:
    """What the logs tell, gathered from their lines.

    Attributes:
        since: of the clearing dates that are looked at.
        before: what happened later may be on its way.
    """

    since: date
    before: datetime
    _told: dict[int, _Told] = field(default_factory=dict)
    _unknown: set[tuple[str, str, str]] = field(default_factory=set)

    def take(self, line: bytes) -> None:
        """Take a line of money."""
        found = _TOLD.search(line, 0, 400)
        if found is None or found["day"].decode() < digits(self.since):
            return
        code, serial, bank_code = _CODE.search(line), _SERIAL.search(line), found["bank"].decode()
        if code is None or code[1] != b"0000" or serial is None:
            identity = _IDENTITY.search(line)
            if identity is not None:  # its outcome was not known when it was told
                self._unknown.add((bank_code, identity[1].decode(), identity[2].decode()))
            return
        account = _ACCOUNT.search(line)
        is_old = found["at"][:23].decode() < self.before.isoformat(timespec="milliseconds")
        account_no = "" if account is None else account[1].decode()
        self._told[int(serial[1])] = _Told(bank_code, found["day"].decode(), int(found["fen"]), account_no, is_old)

    def compare(self, posted: Iterable[Posted], begun: datetime) -> Iterator[Differing]:
        """Yield what differs, of movements after ``begun``, the moment from which the logs tell of everything."""
        seen = set[int]()
        for row in posted:
            seen.add(row.fep_serial)
            told = self._told.get(row.fep_serial)
            if told is None:
                if begun <= row.created_at < self.before and not self._is_unknown(row):
                    yield _differing(Disagreement.UNTOLD, row, None)
            elif told[:4] != (row.bank_code, digits(row.clearing_date), row.amount_fen, masked_account(row.account_no)):
                yield _differing(Disagreement.DIFFERS, row, told.amount_fen)
        for fep_serial, told in self._told.items():
            if fep_serial not in seen and told.is_old:
                yield Differing(
                    Disagreement.GONE, fep_serial, told.bank_code, told.clearing_date, told.amount_fen, None
                )

    def _is_unknown(self, row: Posted) -> bool:
        return (row.bank_code, digits(row.bank_date), row.bank_serial) in self._unknown


def told_from(walks: Sequence[Walked]) -> datetime | None:
    """Return the moment from which these chains tell of everything, naive Asia/Shanghai; None when they tell nothing.

    Where the beginning of a chain is elsewhere, it is the first line that is here.
    """
    whole = [walked.first_at for walked in walks if walked.first_line == 1]
    parts = [walked.first_at for walked in walks if walked.first_line > 1]
    moments = parts or whole
    if not moments:
        return None
    return datetime.fromisoformat(max(moments) if parts else min(moments)).replace(tzinfo=None)


def _differing(what: Disagreement, row: Posted, told_fen: int | None) -> Differing:
    return Differing(what, row.fep_serial, row.bank_code, digits(row.clearing_date), told_fen, row.amount_fen)
