"""Classes of rows 明细类别: what the result file says of each row, from the differences of its day and the bank's file.

Nothing else is needed, so a result file that was lost is made again the same.
"""

from collections.abc import Iterable, Sequence

from dbgate.books.differences import Difference
from handlers.reconciliation.entries import CANCEL, REVERSE
from handlers.reconciliation.exact import ExactMatching
from handlers.reconciliation.keys import key_of_side, row_of_side
from protocol.canonical.codes import OriginalState
from protocol.files.canonical import Matching, ReconcileResultRow

_Keys = dict[str, list[Matching]]


def first_class(difference: Difference) -> Matching:
    """Return the class that the row had when its day was reconciled; what was in flight may have another by now."""
    return Matching(difference.matching) if difference.other_date is None else Matching.IN_FLIGHT


def bank_classes(differences: Iterable[Difference], exact: ExactMatching) -> dict[int, Matching]:
    """Return the class of each row of the bank's file that is not matched, by its place from 0.

    Of several equal rows the first are matched, then come those that have met one of ours, then those in excess.
    """
    wanted = _wanted(list(differences))
    found: dict[int, Matching] = {}
    for key, places in exact.places_of(wanted).items():
        classes = sorted(wanted[key], key=lambda matching: matching is Matching.ONLY_BANK)
        found.update(zip(places[-len(classes) :], classes, strict=False))
    return found


def _wanted(differences: Sequence[Difference]) -> _Keys:
    wanted: _Keys = {}
    for each in differences:
        if each.bank is not None:
            wanted.setdefault(key_of_side(each.identity, each.bank), []).append(first_class(each))
    for each in differences:
        for key in _undo_keys(each):
            classes = wanted.setdefault(key, [])
            if all(matching is Matching.ONLY_BANK for matching in classes):
                classes.append(Matching(each.matching))
    return wanted


def _undo_keys(difference: Difference) -> Iterable[str]:
    """Yield the keys that the undo of a payment may have in the file: it has its account and amount."""
    if difference.undo is None or difference.bank is None:
        return
    pay = difference.bank
    for txn in (CANCEL, REVERSE):
        side = type(pay)(pay.account_no, txn, pay.amount_fen, int(OriginalState.POSTED))
        yield key_of_side(difference.undo, side)


def fep_rows(differences: Iterable[Difference]) -> list[ReconcileResultRow]:
    """Return the rows that only the FEP has, by fep_serial."""
    found = []
    for each in sorted(differences, key=lambda each: each.fep_serial or 0):
        if each.bank is None and each.fep is not None:
            row = row_of_side(each.identity, each.fep)
            found.append(
                ReconcileResultRow(
                    row.bank_date,
                    row.bank_serial,
                    row.account_no,
                    row.transaction,
                    row.amount_fen,
                    row.state,
                    first_class(each),
                )
            )
    return found
