"""A gate over a ledger on paper 纸上账本的闸口: the real handlers behind real links, without a database."""

from collections.abc import Sequence
from datetime import date

from dbgate.work import Work
from dbgate.working_set import WorkingSet
from tests.support.ledger import PaperLedger, Utility


class WorkLedger(PaperLedger):
    """A ledger that runs work as the gate is given it: needs to load, and a decision.

    Args:
        utility: what it starts with.
        drawn: after which number it goes on drawing, where several ledgers must not draw the same.
    """

    def __init__(self, utility: Utility, drawn: int | None = None) -> None:
        super().__init__(utility)
        self._drawn = self._drawn if drawn is None else drawn

    def run(self, works: Sequence[Work]) -> list[object]:
        """Decide and store the work as one batch; return its answers in order."""
        records = WorkingSet()
        for work in works:
            self._load(records, work.needs)
        answers = []
        for work in works:
            decision = work.decide(records, self._moment(work.needs))
            records.apply(decision.changes)
            answers.append(decision.answer)
        self._store(records)
        return answers


class LedgerGate:
    """Holds work until ``run`` is called, then answers all of it in the order of its arrival, each as its own batch."""

    def __init__(self, utility: Utility, drawn: int | None = None) -> None:
        self.ledger = WorkLedger(utility, drawn)
        self.waiting: list[Work] = []

    def submit(self, work: Work) -> None:
        self.waiting.append(work)

    def clearing_date(self, bank_code: str) -> date:
        return self.ledger.clearing_date(bank_code)

    def run(self) -> None:
        """Answer everything that waits."""
        while self.waiting:
            work = self.waiting.pop(0)
            work.batch_size = 1
            work.done(self.ledger.run([work])[0])
