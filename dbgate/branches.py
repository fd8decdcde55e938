"""Branches 供电分公司: several billing databases behind one gate. Each account stands in one of them, by its prefix.

| work                                     | where it goes                                                           |
|------------------------------------------|-------------------------------------------------------------------------|
| names an account                         | to the database of the account; the first one when no prefix fits       |
| reads what may stand anywhere            | to all; decided once, on what all of them have; one that cannot be      |
|                                          | asked fails it                                                          |
| wants the details of a day               | to all for their counts, then to those in which the slice stands        |
| names an original (``Needs.original``)   | to the database of the account; only when the original is not there,    |
|                                          | all others are asked before anything is decided or stored               |
| asks whether an original is reconciled   | as an original, then to the first database, which has the books         |

A database that is down fails the work of its own accounts only.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial

from dbgate.branch import Branch, at_once
from dbgate.detail_search import DetailSearch
from dbgate.errors import DecisionFailed, GateError
from dbgate.inquiry import Finding, Inquiry
from dbgate.merging import merged, merged_moment
from dbgate.original_search import OriginalSearch
from dbgate.reconciled_search import ReconciledSearch
from dbgate.records import DayDetails
from dbgate.routing import Routes
from dbgate.work import Needs, Work
from dbgate.working_set import WorkingSet


class Branches:
    """A gate over several databases; as a link sees it, the same as the ``Gate`` of one.

    Work is submitted in the thread that results are delivered in: so nothing here is locked.

    Args:
        prefixes: of account numbers, for each branch; the first branch takes what fits none, and says so.
    """

    def __init__(self, prefixes: Mapping[Branch, tuple[str, ...]]) -> None:
        self._branches = tuple(prefixes)
        self._routes = Routes({prefix: branch for branch, own in prefixes.items() for prefix in own})

    def submit(self, work: Work) -> None:
        """Queue ``work`` where it belongs.

        Raises:
            GateBusy, GateClosed, DatabaseUnavailable: it was not taken.
        """
        needs = work.needs
        home = self.home_of(needs)
        if needs.original is not None and needs.reconciled:
            ReconciledSearch(work, self._branches[0], self._search_original).begin()
        elif needs.original is not None:
            self._search_original(work)
        elif needs.details is not None:
            DetailSearch(work, self._branches, self._decided).begin()
        elif home is None and not work.money:
            self._ask_all(work)
        else:
            (home or self._branches[0]).submit(work)

    def _search_original(self, work: Work) -> None:
        home = self.home_of(work.needs) or self._branches[0]
        others = [branch for branch in self._branches if branch is not home]
        OriginalSearch(work, home, others).begin()

    def home_of(self, needs: Needs) -> Branch | None:
        """Return the branch that the work goes to, None when it goes to all."""
        account_no = needs.account_no if needs.account_no is not None else needs.routed_by
        return None if account_no is None else self._owner_of(account_no)

    def clearing_date(self, bank_code: str) -> date | None:
        """Return the earliest of the bank's clearing dates as last read: a day is closed when the last has rolled."""
        dates = [branch.gate.clearing_date(bank_code) for branch in self._branches]
        return min((day for day in dates if day is not None), default=None)

    def close(self, timeout_s: float) -> bool:
        """Close all gates at the same time; tell whether all was done, as ``Gate.close`` does."""
        done: list[bool] = []

        def _close(branch: Branch) -> None:
            done.append(branch.gate.close(timeout_s))

        # A second more than each may take.
        at_once({branch: partial(_close, branch) for branch in self._branches}, timeout_s + 1.0)
        return len(done) == len(self._branches) and all(done)

    def _owner_of(self, account_no: str) -> Branch:
        return self._routes.find(account_no) or self._branches[0]

    def _ask_all(self, work: Work) -> None:
        """Read everywhere and decide once, on what all databases have."""

        def _completed(findings: list[Finding], errors: list[GateError]) -> None:
            work.batch_size = inquiry.batch_size
            work.done(errors[0] if errors else self._decided(work, findings))

        inquiry = Inquiry(work.deadline, _completed)
        inquiry.ask(dict.fromkeys(self._branches, work.needs))

    def _decided(self, work: Work, findings: Sequence[Finding], details: DayDetails | None = None) -> object:
        """Return the decision on all that was found; what a database has of another one's account does not count."""
        records = merged(work.needs, [self._own_records(work.needs, finding) for finding in findings])
        if details is not None and work.needs.details is not None:
            records.add_details(work.needs.bank_code, work.needs.details, details)
        moment = merged_moment([finding.moment for finding in findings])
        try:
            return work.decide(records, moment).answer
        except Exception as error:  # noqa: BLE001 - a bug in a decision is answered, as in a batch
            failed = DecisionFailed(f"the decision raised {type(error).__name__}")
            failed.__cause__ = error
            return failed

    def _own_records(self, needs: Needs, finding: Finding) -> WorkingSet:
        return merged(needs, [finding.records], lambda account_no: self._owner_of(account_no) is finding.branch)
