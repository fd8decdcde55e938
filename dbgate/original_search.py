"""Search for an original 查找原交易: at home, in the database of the account, and only then in all others.

Nothing is stored before all have been asked: a tombstone must not stand in one database while its PAY stands in
another. Whoever cannot be asked fails the request, unless the original is found elsewhere.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from dbgate.branch import Branch
from dbgate.errors import DatabaseUnavailable, GateError
from dbgate.inquiry import Finding, Inquiry
from dbgate.merging import merged
from dbgate.records import Payment
from dbgate.work import Decide, Decision, Moment, Needs, Work
from dbgate.working_set import WorkingSet

_ABSENT = object()
"""Answered at home when the original is not there: nothing was decided."""


class OriginalSearch:
    """The way of one request that names an original.

    Args:
        work: the request; its ``done`` is called once.
        home: the branch of its account; money work is decided there and nowhere else.
        others: all other branches.
    """

    def __init__(self, work: Work, home: Branch, others: Sequence[Branch]) -> None:
        self._work = work
        self._home = home
        self._others = others
        self._home_error: GateError | None = None

    def begin(self) -> None:
        """Look at home.

        Raises:
            GateError: the work was not taken.
        """
        try:
            self._run(self._home, _unless_absent(self._work), self._looked_at_home)
        except DatabaseUnavailable as error:
            if self._work.money:
                raise
            self._ask_others(error)

    def _run(self, branch: Branch, decide: Decide, done: Callable[[object], None] | None = None) -> None:
        """Run the work at a branch; its result is the request's unless ``done`` takes it."""
        attempt = replace(self._work, decide=decide)

        def _done(result: object) -> None:
            self._work.batch_size = attempt.batch_size
            (done or self._work.done)(result)

        attempt.done = _done
        branch.submit(attempt)

    def _looked_at_home(self, result: object) -> None:
        is_away = isinstance(result, DatabaseUnavailable) and not self._work.money
        if result is not _ABSENT and not is_away:
            return self._work.done(result)
        self._work.fate.may_be_stored = False  # others' changes may have been committed with it, none of its own
        return self._go_on(lambda: self._ask_others(result if isinstance(result, GateError) else None))

    def _ask_others(self, home_error: GateError | None) -> None:
        self._home_error = home_error
        needs = Needs(self._work.needs.bank_code, original=self._work.needs.original)
        Inquiry(self._work.deadline, self._others_told).ask(dict.fromkeys(self._others, needs))

    def _others_told(self, findings: list[Finding], errors: list[GateError]) -> None:
        original = self._work.needs.original
        assert original is not None
        rows = [(finding.branch, finding.records.payment(original)) for finding in findings]
        found = next(((branch, row) for branch, row in rows if row is not None), None)
        error = self._home_error or (errors[0] if errors else None)
        if found is None and error is not None:
            return self._work.done(error)
        if found is None:
            return self._go_on(lambda: self._run(self._home, self._work.decide))
        branch, row = found
        if self._work.money:
            return self._go_on(lambda: self._run(self._home, _with_foreign(self._work, row)))
        return self._go_on(lambda: self._run(branch, self._work.decide))

    def _go_on(self, step: Callable[[], None]) -> None:
        """Take the next step; what it cannot even begin is the request's result, for nothing has been stored."""
        try:
            step()
        except GateError as error:
            self._work.done(error)


def _unless_absent(work: Work) -> Decide:
    """Decide as ``work`` does, unless the original is missing and nothing stands under the work's own identity."""
    needs = work.needs

    def decide(records: WorkingSet, moment: Moment) -> Decision:
        if needs.original is None or records.payment(needs.original) is not None or _is_repeat(needs, records):
            return work.decide(records, moment)
        return Decision(_ABSENT)

    return decide


def _is_repeat(needs: Needs, records: WorkingSet) -> bool:
    """Tell whether something is stored under the own identity: it is answered before anything else is looked at."""
    return (needs.own is not None and records.payment(needs.own) is not None) or (
        needs.invoice_print is not None and records.invoice_print(needs.invoice_print) is not None
    )


def _with_foreign(work: Work, original: Payment) -> Decide:
    """Decide as ``work`` does, on the records at home and the original as it stands in another database."""

    def decide(records: WorkingSet, moment: Moment) -> Decision:
        if records.payment(original.identity) is not None:  # it has arrived at home meanwhile
            return work.decide(records, moment)
        here = merged(work.needs, [records])
        here.add_journal([original])
        decision = work.decide(here, moment)
        if any(row.identity == original.identity for row in decision.changes.journal):
            raise LookupError("a decision changes a payment of another database")
        return decision

    return decide
