"""Push desk 划拨处理台: what operators do about dead pushes, each act whole and recorded, or not done."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dbgate.books.acts import Act
from dbgate.books.push_book import Found, PushBook
from dbgate.books.records import Push
from dbgate.database import Database
from fep.commands.pushes import refusals
from fep.config.configuration import load
from fep.config.settings import Settings
from fep.databases import databases_of, naming, require_schemas
from fep.exits import EXIT_BAD_INPUT, CommandFailed
from fep.operators import present_operator
from handlers.push_acts import (
    PushHindrance,
    drop_proposed,
    drop_rejected,
    dropped,
    is_unknown_to_bank,
    retried,
)

_SERIALS_OF_DATABASE = 10**10
"""An FEP serial begins with the number of its database, two of its twelve digits."""


class PushDesk:
    """Where one operator works dead pushes.

    Args:
        settings: of the site.
        databases: all of it, in the order of the configuration, each with the schema of this program.
        operator: who works here.

    Raises:
        CommandFailed: of each act: there is no such dead push, or it cannot be done, or the push has moved since.
        GateError: nothing was done, or that is not known.
    """

    def __init__(self, settings: Settings, databases: Sequence[Database], operator: str) -> None:
        self._settings = settings
        self._databases = databases
        self._operator = operator

    def retry(self, fep_serial: int, reason: str) -> Push:
        """Have the bank asked again."""
        found, book = self._find(fep_serial)
        age_max = self._settings.banks[found.push.bank_code].terms.push_age
        after = retried(found.push, is_bill_settled=found.is_bill_settled, age_max=age_max, now=found.now)
        return self._move(book, found.push, after, "push_retry", reason)

    def drop(self, fep_serial: int, reason: str) -> Push:
        """Drop a push that the bank never heard of, or propose to drop another; the state says which it was."""
        found, book = self._find(fep_serial)
        if is_unknown_to_bank(found.push):
            return self._move(book, found.push, dropped(found.push, self._operator, found.now), "push_drop", reason)
        return self._move(
            book, found.push, drop_proposed(found.push, self._operator, found.now), "push_drop_propose", reason
        )

    def approve(self, fep_serial: int, agrees: Callable[[Push], bool]) -> Push:
        """Drop what another operator has proposed to drop; ``agrees`` is asked whether what it is shown may go."""
        found, book = self._find(fep_serial)
        after = dropped(found.push, self._operator, found.now)
        if isinstance(after, Push) and not agrees(found.push):
            raise CommandFailed(EXIT_BAD_INPUT, en="nothing was done", zh="未执行")
        return self._move(book, found.push, after, "push_drop", f"proposed by {found.push.owner}")

    def reject(self, fep_serial: int, reason: str) -> Push:
        """Leave a push dead that somebody has proposed to drop."""
        found, book = self._find(fep_serial)
        return self._move(book, found.push, drop_rejected(found.push, found.now), "push_drop_reject", reason)

    def _move(self, book: PushBook, before: Push, after: Push | PushHindrance, act: str, reason: str) -> Push:
        if isinstance(after, PushHindrance):
            raise refusals.hindered(before, after)
        if not book.move(before, after, Act(self._operator, act, before.bank_code, _subject(before), reason)):
            raise refusals.moved(before)
        return after

    def _find(self, fep_serial: int) -> tuple[Found, PushBook]:
        number = fep_serial // _SERIALS_OF_DATABASE
        for database in self._databases:
            if database.database_no == number:
                book = PushBook(database, self._databases[0])
                require_schemas(list(dict.fromkeys((self._databases[0], database))))
                with naming(database, self._databases):
                    found = book.find(fep_serial, sorted(self._settings.banks))
                if found is not None:
                    return found, book
        raise refusals.unknown(fep_serial)


@contextmanager
def push_desk_of(config_path: Path) -> Iterator[PushDesk]:
    """Yield the desk of whoever runs this process."""
    settings = load(config_path)
    with databases_of(settings) as databases:
        yield PushDesk(settings, databases, present_operator())


def _subject(push: Push) -> str:
    """Return the number, and the debit that the bank has named: a retry takes it out of the push."""
    debit = f" {push.debit_date:%Y%m%d} {push.debit_serial}" if push.debit_date is not None else ""
    return f"{push.fep_serial:012d}{debit}"
