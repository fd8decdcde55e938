"""Inquiries 询问: one read in several databases, each in its own snapshot, and what all of them said.

Everything here happens in the thread that results are delivered in; nothing is locked and nothing waits.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from dbgate.branch import Branch
from dbgate.errors import GateError
from dbgate.merging import merged
from dbgate.work import Decision, Moment, Needs, Work
from dbgate.working_set import WorkingSet


@dataclass(frozen=True, slots=True)
class Finding:
    """What one database has of what was asked for."""

    branch: Branch
    records: WorkingSet
    moment: Moment


class Inquiry:
    """Asks some branches, each for what it is to give.

    Args:
        deadline: of each question.
        completed: called once, with what was found and the errors of those that could not be asked.

    Attributes:
        batch_size: of the largest batch that it was part of, for the log.
    """

    def __init__(
        self,
        deadline: float,
        completed: Callable[[list[Finding], list[GateError]], None],
    ) -> None:
        self._deadline = deadline
        self._completed = completed
        self._findings: list[Finding] = []
        self._errors: list[GateError] = []
        self._waiting: dict[Branch, Work] = {}
        self.batch_size = 0

    def ask(self, needs: Mapping[Branch, Needs]) -> None:
        """Ask these branches for what is needed of each.

        Raises:
            GateError: none of them could even be asked; ``completed`` is never called then.
        """
        for branch, of_branch in needs.items():
            look, told = partial(self._look, branch, of_branch), partial(self._told, branch)
            work = Work(of_branch, look, False, self._deadline, told)
            try:
                branch.submit(work)
            except GateError as error:
                self._errors.append(error)
            else:
                self._waiting[branch] = work
        if not self._waiting:
            raise self._errors[0]

    @staticmethod
    def _look(branch: Branch, needs: Needs, records: WorkingSet, moment: Moment) -> Decision:
        """Take the records out of a batch's working set, in the lane's thread."""
        return Decision(Finding(branch, merged(needs, [records]), moment))

    def _told(self, branch: Branch, result: object) -> None:
        work = self._waiting.pop(branch, None)
        if work is None:  # told twice
            return
        self.batch_size = max(self.batch_size, work.batch_size)
        if isinstance(result, Finding):
            self._findings.append(result)
        else:
            assert isinstance(result, GateError), result
            self._errors.append(result)
        if not self._waiting:
            self._completed(self._findings, self._errors)
