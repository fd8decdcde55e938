"""Balances 预存抵扣: settles open bills from balances in one database, a few hundred accounts at a time."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from functools import partial

from dbgate.books.balances import candidates
from dbgate.database import Database
from dbgate.errors import GateError
from dbgate.job import JOB_ACCOUNTS_MAX, Job, job
from dbgate.wanted import in_chunks
from fep.audit.job_log import job_log
from fep.config.settings import Settings
from handlers import apply_balance
from handlers.apply_balance import Applied
from handlers.terms import LateFeeRates

Progress = Callable[[int], None]
"""Accounts done."""


@dataclass(slots=True)
class Sums:
    """What was done in one database.

    Attributes:
        account_count: accounts of which bills were settled.
        failures: accounts that could not be done, by why; nothing of them was changed unless the reason says so.
    """

    account_count: int = 0
    bill_count: int = 0
    amount_fen: int = 0
    failures: dict[str, int] = field(default_factory=dict)

    def add(self, answer: object) -> None:
        """Count one account's answer."""
        if isinstance(answer, Applied):
            self.account_count += answer.bill_count > 0
            self.bill_count += answer.bill_count
            self.amount_fen += answer.amount_fen
        elif isinstance(answer, GateError):
            self.failures[str(answer)] = self.failures.get(str(answer), 0) + 1
        else:
            raise TypeError(f"a decision answered {type(answer).__name__}")


def apply_all(database: Database, settings: Settings, progress: Progress | None = None) -> Sums:
    """Settle from all balances of a database.

    Every page of accounts is a transaction of its own: whoever is stopped has done some of them, and the next run does
    the rest.

    Raises:
        DatabaseUnavailable: the database cannot be asked.
    """
    return _apply(database, settings, [None], progress)


def apply_to(database: Database, settings: Settings, account_nos: Iterable[str]) -> Sums:
    """Settle from the balances of these accounts, in any number, which are given in order. Raises as ``apply_all``."""
    return _apply(database, settings, in_chunks(account_nos, JOB_ACCOUNTS_MAX), None)


def cut_offs_of(settings: Settings) -> Mapping[str, time]:
    """Return when the days of the banks end, as jobs are opened with."""
    return {code: bank.cut_off for code, bank in settings.banks.items()}


def _apply(
    database: Database, settings: Settings, chunks: Iterable[Sequence[str] | None], progress: Progress | None
) -> Sums:
    sums, done = Sums(), 0
    with job_log(settings, "balances_apply") as committed, job(database, cut_offs_of(settings), committed) as works:
        for chunk in chunks:
            for page in candidates(database, chunk):
                _apply_page(works, page, settings.rules.late_fee, sums)
                done += len(page)
                if progress is not None:
                    progress(done)
    return sums


def _apply_page(works: Job, account_nos: Sequence[str], rates: LateFeeRates, sums: Sums) -> None:
    asked = [(apply_balance.needs(each), partial(apply_balance.decide, each, rates)) for each in account_nos]
    for answer in works.run(asked):
        sums.add(answer)
