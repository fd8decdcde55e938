"""Matching of a day 日勾对: the bank's file and the journals of all databases become a result to be stored."""

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import chain

from dbgate.books.day_keys import identity_of
from dbgate.books.day_rows import rows_under, undos_of
from dbgate.books.reconciliations import (
    Reconciliation,
    carried_to,
    neighbours,
    open_around,
    reconciliations_of,
)
from dbgate.books.reconciling import Result
from dbgate.records import Identity, Payment, PaymentState
from dbgate.reports.days import spans
from dbgate.reports.snapshots import Snapshot
from fep.reconciliation.bank_day import BankDay
from fep.reconciliation.bank_file import DIFFERENCES_MAX, BankFile
from fep.reconciliation.errors import FileRefused
from fep.reconciliation.journal_ahead import JournalAhead
from handlers.reconciliation.classes import bank_classes
from handlers.reconciliation.entries import BankEntry, Day, FepEntry
from handlers.reconciliation.exact import TooManyLeft
from handlers.reconciliation.journal import (
    adjustment_entries,
    carried_entries,
    counted_dates,
    late_halves,
    left_entries,
    originals_of,
)
from handlers.reconciliation.keys import side_of_row
from handlers.reconciliation.matching import match
from handlers.reconciliation.outcome import counts_of, new_differences, settled

FarRead = Callable[[int, int], None]
"""Is told how many rows of the journal have been read, of how many."""


def matched(
    day: BankDay, file: BankFile, snapshots: Sequence[Snapshot], ahead: JournalAhead, far_read: FarRead
) -> Result:
    """Return what the day comes to.

    Args:
        day: of the bank.
        file: of the bank.
        snapshots: of the databases, which are asked for nothing until ``ahead`` has read the keys of each.
        ahead: what counts in the day, of the same snapshots.
        far_read: is told how far it is.

    Raises:
        FileRefused: so much of one side lacks in the other that it is not that day's file.
    """
    books, bank_code = snapshots[0], day.bank.bank_code
    sums = ahead.sums()
    fep_count = sum(count for count, _ in sums)
    try:
        fep = _left_of_journal(day, file, snapshots, ahead, lambda seen: far_read(seen, fep_count))
        places = file.exact.left_places()
    except TooManyLeft:
        raise FileRefused(
            en=f"{file.name}: this is not that day's file: more than {DIFFERENCES_MAX} rows of it or of the journal"
            " are not in the other; nothing was stored",
            zh=f"{file.name}: 不是该日的文件: 一方有超过 {DIFFERENCES_MAX} 行为另一方所无; 未存储任何结果",
        ) from None
    beside = reconciliations_of(books, bank_code, neighbours(day.clearing_date))
    carried = carried_to(books, bank_code, day.clearing_date)
    bank = _bank_entries(bank_code, file, places)
    late = late_halves(open_around(books, bank_code, day.clearing_date), bank, fep)
    journal = list(chain.from_iterable(rows_under(each, [one.identity for one in bank]) for each in snapshots))
    carried_bank, carried_fep = carried_entries([*carried, *late])
    of_day = Day(
        day.clearing_date,
        spans(snapshots)[bank_code].first,
        frozenset(beside),
        counted_dates(journal, day.journal_day),
    )
    findings = match(
        of_day,
        [*bank, *carried_bank],
        [*fep, *adjustment_entries(journal, day.journal_day), *carried_fep],
        originals_of(journal),
    )
    differences = new_differences(findings, of_day)
    reconciliation = Reconciliation(
        bank_code=bank_code,
        clearing_date=day.clearing_date,
        batch_no=0,
        file_name=day.bank.files.write_name(day.file_name),
        file_digest=file.digest,
        bank_row_count=file.checked.row_count,
        bank_total_fen=file.checked.total_fen,
        fep_row_count=fep_count,
        fep_total_fen=sum(total_fen for _, total_fen in sums),
        matched_count=file.checked.row_count - len(bank_classes(differences, file.exact)),
        **counts_of(findings),
        done_at=datetime.min,  # noqa: DTZ901 - this and its number are given when it is stored
    )
    seen = {date: each.batch_no for date, each in beside.items()}
    return Result(reconciliation, differences, settled(findings, carried, late), seen, day.operator)


def _bank_entries(bank_code: str, file: BankFile, places: Sequence[int]) -> list[BankEntry]:
    return [
        BankEntry(Identity(bank_code, row.bank_date, row.bank_serial), side_of_row(row)) for row in file.rows_at(places)
    ]


def _left_of_journal(
    day: BankDay, file: BankFile, snapshots: Sequence[Snapshot], ahead: JournalAhead, far_read: Callable[[int], None]
) -> list[FepEntry]:
    """Hold the journal against the file and return what is not equal.

    Raises:
        TooManyLeft: more than can be worked with.
    """
    entries: list[FepEntry] = []
    seen = 0
    file.exact.begin()
    for each in snapshots:
        left: list[str] = []
        for keys in ahead.portions():
            left += file.exact.left_of(keys)
            seen += len(keys)
            far_read(seen)
        rows = list(rows_under(each, [identity_of(day.bank.bank_code, key) for key in left]))
        undone = [row.account_no for row in rows if _is_undone(row)]
        entries += left_entries(rows, undos_of(each, day.journal_day, undone))
    return entries


def _is_undone(row: Payment) -> bool:
    return row.state in {PaymentState.CANCELLED, PaymentState.REVERSED}
