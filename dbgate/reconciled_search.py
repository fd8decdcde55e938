"""Search for what the books say of an original 查找对账情况: they stand in the first database, it may stand in another.

Where the first database cannot be asked the original is answered all the same, as not reconciled: what became of a
payment must be known when any other branch is down.
"""

from collections.abc import Callable
from dataclasses import replace

from dbgate.branch import Branch
from dbgate.errors import DecisionFailed, GateError
from dbgate.inquiry import Finding, Inquiry
from dbgate.merging import merged
from dbgate.work import Decision, Moment, Needs, Work
from dbgate.working_set import WorkingSet

Begin = Callable[[Work], None]
"""Begins the search for a work's original."""


class ReconciledSearch:
    """The way of a read that asks whether its original is reconciled.

    Args:
        work: the request; its ``done`` is called once.
        first: the branch whose database has the books.
        begin: finds the original.
    """

    def __init__(self, work: Work, first: Branch, begin: Begin) -> None:
        self._work = work
        self._first = first
        self._begin = begin
        self._seen: tuple[WorkingSet, Moment] | None = None

    def begin(self) -> None:
        """Look for the original. Raises as the search for it does."""
        attempt = replace(self._work, decide=self._look)

        def _done(result: object) -> None:
            self._work.batch_size = attempt.batch_size
            self._found(result)

        attempt.done = _done
        self._begin(attempt)

    def _look(self, records: WorkingSet, moment: Moment) -> Decision:
        """Take the records out of the batch's working set, in the lane's thread."""
        return Decision((merged(self._work.needs, [records]), moment))

    def _found(self, result: object) -> None:
        if isinstance(result, GateError):
            return self._work.done(result)
        assert isinstance(result, tuple), result
        self._seen = records, _ = result
        original = records.payment(self._work.needs.original)
        if original is None:
            return self._decide()
        needs = Needs(
            self._work.needs.bank_code, difference_of=original.identity, reconciliation_of=original.counted_date
        )
        try:
            Inquiry(self._work.deadline, lambda findings, _: self._told(needs, findings)).ask({self._first: needs})
        except GateError:
            self._decide()

    def _told(self, needs: Needs, findings: list[Finding]) -> None:
        assert self._seen is not None
        records, moment = self._seen
        for finding in findings:
            wanted = replace(self._work.needs, reconciliation_of=needs.reconciliation_of)
            records = merged(wanted, [records, finding.records])
        self._seen = records, moment
        self._decide()

    def _decide(self) -> None:
        assert self._seen is not None
        try:
            answer = self._work.decide(*self._seen).answer
        except Exception as error:  # noqa: BLE001 - a bug in a decision is answered, as in a batch
            failed = DecisionFailed(f"the decision raised {type(error).__name__}")
            failed.__cause__ = error
            return self._work.done(failed)
        return self._work.done(answer)
