"""Wanted records 所需记录: the union of what the requests of one batch need, in the order of the locks."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby, islice
from typing import TypeVar

from dbgate.forms import IN_LIST_MAX
from dbgate.records import DaySlice, Identity
from dbgate.work import Needs

Item = TypeVar("Item")


def in_chunks(items: Iterable[Item], size: int = IN_LIST_MAX) -> Iterator[list[Item]]:
    """Cut ``items`` into lists of at most ``size``."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def by_bank_and_date(identities: Sequence[Identity]) -> list[tuple[str, date, list[str]]]:
    """Group sorted identities: (bank_code, bank_date, serials)."""
    return [
        (bank_code, bank_date, [identity.bank_serial for identity in group])
        for (bank_code, bank_date), group in groupby(identities, key=lambda identity: identity[:2])
    ]


@dataclass(slots=True)
class Wanted:
    """The union of needs, each list sorted and without duplicates; what appears under ``originals`` is not in ``own``.

    ``payments_since`` and ``bills_since`` hold the earliest day and month that anybody wants of the account.
    """

    bank_codes: list[str] = field(default_factory=list)
    account_nos: list[str] = field(default_factory=list)
    keys: dict[str, set[str]] = field(default_factory=dict)
    originals: list[Identity] = field(default_factory=list)
    own: list[Identity] = field(default_factory=list)
    invoice_prints: list[Identity] = field(default_factory=list)
    payments_since: dict[str, date] = field(default_factory=dict)
    bills_since: dict[str, int] = field(default_factory=dict)
    totals: set[tuple[str, date]] = field(default_factory=set)
    details: set[tuple[str, DaySlice]] = field(default_factory=set)
    limits: set[tuple[str, int]] = field(default_factory=set)
    mandates: set[str] = field(default_factory=set)
    debits: dict[int, set[str]] = field(default_factory=dict)
    pushes: set[str] = field(default_factory=set)
    reconciliations: set[tuple[str, date]] = field(default_factory=set)
    differences: set[Identity] = field(default_factory=set)
    reconciled: set[Identity] = field(default_factory=set)

    @property
    def has_books(self) -> bool:
        """Whether anything of the books is wanted."""
        return bool(self.mandates or self.debits or self.pushes)


def union_of(needs: Iterable[Needs], taken: Iterable[Identity] = ()) -> Wanted:
    """Return the union of ``needs`` and of the identities that an earlier try found ``taken``."""
    wanted = Wanted()
    banks, account_nos, own, originals, prints = set(), set(), set(taken), set(), set()
    for need in needs:
        if need.bank_code:
            banks.add(need.bank_code)
        if need.account_no:
            account_nos.add(need.account_no)
            _add_history(wanted, need.account_no, need)
            _add_books(wanted, need.account_no, need)
        if need.account_key is not None:
            wanted.keys.setdefault(need.account_key.column, set()).add(need.account_key.value)
        if need.own is not None:
            own.add(need.own)
        if need.original is not None:
            originals.add(need.original)
        if need.invoice_print is not None:
            prints.add(need.invoice_print)
        if need.totals_of is not None:
            wanted.totals.add((need.bank_code, need.totals_of))
        if need.details is not None:
            wanted.details.add((need.bank_code, need.details))
        _add_reconciled(wanted, need)
        if need.limit_channel is not None:
            wanted.limits.add((need.bank_code, need.limit_channel))
    wanted.bank_codes = sorted(banks)
    wanted.account_nos = sorted(account_nos)
    wanted.originals = sorted(originals)
    wanted.own = sorted(own - originals)
    wanted.invoice_prints = sorted(prints)
    return wanted


def _add_history(wanted: Wanted, account_no: str, need: Needs) -> None:
    if need.payments_since is not None:
        earliest = wanted.payments_since.get(account_no, need.payments_since)
        wanted.payments_since[account_no] = min(earliest, need.payments_since)
    if need.bills_since is not None:
        first = wanted.bills_since.get(account_no, need.bills_since)
        wanted.bills_since[account_no] = min(first, need.bills_since)


def _add_books(wanted: Wanted, account_no: str, need: Needs) -> None:
    if need.mandate:
        wanted.mandates.add(account_no)
    if need.debit_batch is not None:
        wanted.debits.setdefault(need.debit_batch, set()).add(account_no)
    if need.pushing:
        wanted.pushes.add(account_no)


def _add_reconciled(wanted: Wanted, need: Needs) -> None:
    if need.reconciliation_of is not None:
        wanted.reconciliations.add((need.bank_code, need.reconciliation_of))
    if need.difference_of is not None:
        wanted.differences.add(need.difference_of)
    if need.reconciled and need.original is not None:
        wanted.differences.add(need.original)
        wanted.reconciled.add(need.original)
