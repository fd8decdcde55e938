"""Details out of several databases 分库明细: all are asked how many rows they have, then those concerned for theirs.

A fep_serial begins with the number of its database, so a bank's details are those of one database behind those of
another. A closed day does not change between the two questions.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from dbgate.branch import Branch
from dbgate.errors import GateError
from dbgate.inquiry import Finding, Inquiry
from dbgate.records import DayDetails, DaySlice
from dbgate.work import Work

Decided = Callable[[Work, Sequence[Finding], DayDetails | None], object]
"""Gives the answer on what all databases have, and on the details; None: the day is not closed in all of them."""


class DetailSearch:
    """The way of one request for details.

    Args:
        work: the request; its ``done`` is called once.
        branches: all there are.
        decided: gives its answer.
    """

    def __init__(self, work: Work, branches: Sequence[Branch], decided: Decided) -> None:
        assert work.needs.details is not None
        self._work = work
        self._wanted = work.needs.details
        self._branches = sorted(branches, key=lambda branch: branch.number)
        self._decided = decided
        self._counts: Sequence[Finding] = ()
        self._row_count = 0

    def begin(self) -> None:
        """Ask all databases how many rows they have.

        Raises:
            GateError: none of them could even be asked.
        """
        self._ask(dict.fromkeys(self._branches, _of_no_row(self._wanted)), self._counted)

    def _ask(self, slices: Mapping[Branch, DaySlice], found: Callable[[list[Finding]], None]) -> None:
        def _completed(findings: list[Finding], errors: list[GateError]) -> None:
            self._work.batch_size = max(self._work.batch_size, inquiry.batch_size)
            if errors:
                self._work.done(errors[0])
            else:
                found(findings)

        inquiry = Inquiry(self._work.deadline, _completed)
        inquiry.ask({branch: replace(self._work.needs, details=wanted) for branch, wanted in slices.items()})

    def _counted(self, findings: list[Finding]) -> None:
        self._counts = findings
        bank_code = self._work.needs.bank_code
        details = {each.branch: each.records.details(bank_code, _of_no_row(self._wanted)) for each in findings}
        counts = {branch: each.row_count for branch, each in details.items() if each is not None}
        if len(counts) < len(self._branches):
            return self._finish(None)
        self._row_count = sum(counts.values())
        slices = _slices(self._wanted, [(branch, counts[branch]) for branch in self._branches])
        if not slices:
            return self._finish(DayDetails(self._row_count, ()))
        try:
            return self._ask(slices, lambda found: self._found(slices, found))
        except GateError as error:
            return self._work.done(error)

    def _found(self, slices: Mapping[Branch, DaySlice], findings: list[Finding]) -> None:
        by_branch = {finding.branch: finding.records for finding in findings}
        parts = [by_branch[branch].details(self._work.needs.bank_code, wanted) for branch, wanted in slices.items()]
        self._finish(DayDetails(self._row_count, tuple(row for part in parts if part is not None for row in part.rows)))

    def _finish(self, details: DayDetails | None) -> None:
        self._work.done(self._decided(self._work, self._counts, details))


def _of_no_row(wanted: DaySlice) -> DaySlice:
    return wanted._replace(first_row=0, rows_max=0)


def _slices(wanted: DaySlice, counts: Sequence[tuple[Branch, int]]) -> dict[Branch, DaySlice]:
    """Return what part of ``wanted`` stands in which branch, in their order, given the rows that each has."""
    slices = {}
    before = 0
    for branch, row_count in counts:
        first = max(0, wanted.first_row - before)
        end = min(row_count, wanted.first_row + wanted.rows_max - before)
        if first < end:
            slices[branch] = DaySlice(wanted.clearing_date, first, end - first)
        before += row_count
    return slices
