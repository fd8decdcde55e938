"""A bank's teller as the business tests see it, whatever format his bank speaks. 银行柜员

Drivers put their messages together from the documents alone; nothing of the product is imported. What a reply tells is
said in canonical terms: a response code of the standard link, or several where the format's code says less.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from tests.support.raw_bank import today

UNDONE, NEVER_ARRIVED, UNDONE_BEFORE = "0000/1", "0000/2", "0000/3"
"""Approved undos: the code, and behind the stroke what was found."""


@dataclass(frozen=True)
class Outcome:
    """What the reply to one request tells.

    Attributes:
        means: the canonical outcomes that it may stand for; more than one where the format's codes are lossy.
        amount_fen: the amount that it tells, 0 where it tells none.
        fep_serial: the utility's serial of the movement, 0 where it tells none.
        clearing_day: MMDD of the movement's clearing date, empty where it tells none.
        body: whatever else it says, as it came: a repeat says the same.
    """

    means: frozenset[str]
    amount_fen: int = 0
    fep_serial: int = 0
    clearing_day: str = ""
    body: bytes = field(default=b"", repr=False)

    @property
    def is_approved(self) -> bool:
        """Whether it can mean nothing but that the movement stands."""
        return all(meaning.startswith("0000") for meaning in self.means)


UNKNOWN = Outcome(frozenset({"9002"}))
"""No reply: in every format the outcome is unknown."""


@dataclass(frozen=True)
class Bill:
    """A bill as a query shows it; money in fen."""

    bill_no: str
    month: str
    seq: int
    principal_fen: int
    late_fee_fen: int

    @property
    def due_fen(self) -> int:
        return self.principal_fen + self.late_fee_fen


@dataclass(frozen=True)
class Shown:
    """What a query shows: an account, what is to be paid, and for which bills.

    Attributes:
        surplus_fen: balance less what is owed; None where the format does not tell.
        reference: what a payment must name of its query, in formats where it does.
    """

    outcome: Outcome
    account_no: str
    name: str = ""
    payable_fen: int = 0
    bills: tuple[Bill, ...] = ()
    surplus_fen: int | None = None
    reference: str = ""


@dataclass(frozen=True)
class Request:
    """A request that moves money: sent again, on any line of the same bank, it is the same request.

    Attributes:
        is_undo: takes a payment back; else it is one.
        content: the message as the driver builds it, but for what belongs to one connection.
        day: the bank's accounting date.
    """

    is_undo: bool
    account_no: str
    amount_fen: int
    serial: int
    content: object
    day: date = field(default_factory=today)


class Teller(Protocol):
    """One line of a bank to one daemon, and what its teller does over it. Every wait has a deadline."""

    can_deposit: bool = True
    """Whether the format has a word for a payment of any amount; in one that has none it must be refused."""
    tells_undos_apart: bool = True
    """Whether a teller's cancel is another message than the reversal of his bank's system."""

    def query(self, account_no: str) -> Shown:
        """Ask what an account owes."""

    def settle(self, shown: Shown, *, amount_fen: int | None = None, serial: int | None = None) -> Request:
        """Return the payment of everything that was shown."""

    def deposit(self, account_no: str, amount_fen: int, *, serial: int | None = None) -> Request:
        """Return the payment of any amount."""

    def cancel(self, payment: Request) -> Request:
        """Return what a teller sends to take back a payment that he knows of."""

    def reverse(self, payment: Request) -> Request:
        """Return what a bank's system sends when it does not know what became of a payment."""

    def send(self, request: Request) -> None:
        """Send a request, and wait for nothing."""

    def outcome(self, request: Request) -> Outcome:
        """Return what the reply to a request tells that was sent; UNKNOWN when the line ends without one."""

    def cut(self) -> None:
        """Cut the line hard, as a broken one (RST)."""

    def close(self) -> None:
        """Hang up."""

    def ask(self, request: Request) -> Outcome:
        """Send a request and return what its reply tells; the same request again is the same bytes."""
        self.send(request)
        return self.outcome(request)


def meanings(table: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
    """Return what each code of a format may stand for, from a table of codes and canonical outcomes between spaces."""
    return {code: frozenset(words.split()) for code, words in table.items()}
