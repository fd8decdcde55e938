"""Findings 发现: an invariant that does not hold, with the history that shows it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.chaos.journal import Entry, history

Broken = Iterator[tuple[str, tuple[Entry, ...]]]
"""What an invariant's function yields: what was found instead, and the requests that it is about."""

_LINES_MAX = 40  # of one finding; the whole journal can be written to a file


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant that is broken.

    Attributes:
        invariant: what should hold.
        detail: what was found instead.
        entries: the requests that it is about.
    """

    invariant: str
    detail: str
    entries: tuple[Entry, ...] = ()

    def lines(self) -> list[str]:
        """Return the finding and its history, a line each."""
        told = sorted((line for entry in self.entries for line in history(entry)), key=lambda line: line["sent_s"])
        first_s = told[0]["sent_s"] if told else 0.0
        return [f"{self.invariant}: {self.detail}", *(f"    {_line(line, first_s)}" for line in told[:_LINES_MAX])]


def with_undos(entry: Entry) -> tuple[Entry, ...]:
    """Return a request and everything that undoes it or that it undoes."""
    payment = entry.original or entry
    return (payment, *payment.undos)


def _line(line: dict[str, object], first_s: float) -> str:
    sent_s, answered_s = line["sent_s"], line["answered_s"]
    assert isinstance(sent_s, float)
    answered = f"+{answered_s - first_s:.4f}" if isinstance(answered_s, float) else "never"
    _, bank_date, serial = line["identity"]  # type: ignore[misc]
    return (
        f"+{sent_s - first_s:.4f} to {answered:>9} s  teller {line['teller']} daemon {line['daemon']}"
        f"  {line['what']} {bank_date}/{serial} {line['account_no']} {line['amount_fen']} fen"  # type: ignore[has-type]
        f"  -> {line['code'] or 'no answer'}{' REPEAT' if line['repeat'] else ''}"
        f" {line['fep_serial'] or ''} {line['clearing_date']}"
    )


def each(invariant: str, broken: Iterable[tuple[str, tuple[Entry, ...]]]) -> list[Finding]:
    """Return a finding for each breach of one invariant."""
    return [Finding(invariant, detail, entries) for detail, entries in broken]
