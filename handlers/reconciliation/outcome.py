"""Outcome 对账结论: what matching has found, as the books keep it."""

from collections import Counter
from collections.abc import Sequence

from dbgate.books.differences import Difference
from dbgate.books.reconciling import Settled
from dbgate.books.states import DifferenceState
from handlers.reconciliation.entries import Day, Finding, Findings
from protocol.files.canonical import Matching


def new_differences(findings: Findings, day: Day) -> list[Difference]:
    """Return what was found as differences without numbers."""
    return [_difference(each, day) for each in findings.differences]


def _difference(found: Finding, day: Day) -> Difference:
    is_carried = found.matching is Matching.IN_FLIGHT
    return Difference(
        difference_no=0,
        identity=found.identity,
        clearing_date=day.clearing_date,
        matching=int(found.matching),
        bank=found.bank,
        fep=found.fep,
        fep_serial=found.fep_serial,
        other_date=found.other_date,
        undo=found.undo,
        state=DifferenceState.CARRIED if is_carried else DifferenceState.OPEN,
    )


def settled(findings: Findings, carried: Sequence[Difference], late: Sequence[Difference]) -> list[Settled]:
    """Return what becomes of what other days have carried here: found, or a difference from now on.

    Args:
        findings: of the day.
        carried: while it was in flight.
        late: differences already, which stay such unless they are found.
    """
    found = [Settled(each, None) for each in late if each.difference_no in findings.found]
    return found + [
        Settled(each, None if each.difference_no in findings.found else int(_alone(each))) for each in carried
    ]


def _alone(difference: Difference) -> Matching:
    return Matching.ONLY_FEP if difference.bank is None else Matching.ONLY_BANK


def counts_of(findings: Findings) -> dict[str, int]:
    """Return how many differences there are of each class, by the columns of the books."""
    counted = Counter(each.matching for each in findings.differences)
    return {f"{matching.name.lower()}_count": counted[matching] for matching in Matching if matching is not _MATCHED}


_MATCHED = Matching.MATCHED
