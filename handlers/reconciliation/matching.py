"""Matching 勾对: the class of each request on which the two sides are not equal; the rules: docs/reconciliation.md."""

from collections.abc import Mapping, Sequence

from dbgate.books.differences import Side
from dbgate.records import Identity
from handlers.reconciliation.entries import BankEntry, Day, FepEntry, Finding, Findings
from handlers.reconciliation.netting import bank_pairs, fep_pairs
from protocol.files.canonical import Matching


def match(
    day: Day, bank: Sequence[BankEntry], fep: Sequence[FepEntry], originals: Mapping[Identity, Identity]
) -> Findings:
    """Return what of the left-over entries of a day is a difference.

    Args:
        day: that is being reconciled.
        bank: in the order of the file, then what was carried here from the files of other days.
        fep: of the day, adjustments that mend it, and what was carried here from other days; in any order.
        originals: what our journal says that undos undid, by their identity.
    """
    return _Matching(day, bank, fep, originals).findings()


class _Matching:
    """One run of ``match``."""

    def __init__(
        self, day: Day, bank: Sequence[BankEntry], fep: Sequence[FepEntry], originals: Mapping[Identity, Identity]
    ) -> None:
        self._day = day
        self._found: set[int] = set()
        self._met: set[Identity] = set()  # what was matched with something carried
        self._settled = {entry.identity for entry in fep if entry.is_undo_matched}  # PAYs whose undo is matched
        self._findings: list[Finding] = []
        bank, fep = self._without_carried_halves(bank, fep)
        self._fep: dict[Identity, FepEntry] = {}
        for ours in sorted(fep, key=lambda entry: not entry.is_of_day):
            self._fep.setdefault(ours.identity, ours)
        self._fep_again = [entry for entry in fep if entry.is_of_day and self._fep[entry.identity] is not entry]
        self._bank: dict[Identity, BankEntry] = {}
        self._again: list[BankEntry] = []  # rows whose identity has had its row already
        for theirs in bank:
            self._take(theirs)
        self._fep_undo = fep_pairs(list(self._fep.values()))
        self._bank_undo = bank_pairs(list(self._bank.values()), originals, self._settled)
        self._netted = set(self._fep_undo.values())
        self._bank_netted = {undo: pay for pay, undo in self._bank_undo.items()}

    def _without_carried_halves(
        self, bank: Sequence[BankEntry], fep: Sequence[FepEntry]
    ) -> tuple[list[BankEntry], list[FepEntry]]:
        """Match what is equal to something that was carried here, before anything else."""
        ours = {entry.identity: entry for entry in fep if entry.is_of_day}
        carried = {entry.identity: entry for entry in fep if entry.carried is not None}
        gone: set[int] = set()
        for theirs in bank:
            others = ours if theirs.carried is not None else carried
            other = others.get(theirs.identity)
            if other is not None and other.side == theirs.side:
                del others[theirs.identity]
                gone |= {id(theirs), id(other)}
                self._met.add(theirs.identity)
                if other.undoes is not None:
                    self._settled.add(other.undoes)
                self._find(theirs.carried, other.carried)
        return [each for each in bank if id(each) not in gone], [each for each in fep if id(each) not in gone]

    def _take(self, theirs: BankEntry) -> None:
        """Sort a bank's row: the first of its identity, or one more."""
        is_matched = theirs.identity in self._met or (
            theirs.identity not in self._fep and self._day.counted.get(theirs.identity) == self._day.clearing_date
        )
        if theirs.identity not in self._bank and not is_matched:
            self._bank[theirs.identity] = theirs
        elif theirs.carried is None:
            self._again.append(theirs)

    def findings(self) -> Findings:
        for theirs in self._bank.values():
            ours = self._fep.get(theirs.identity)
            if ours is None or (theirs.carried is not None and not ours.is_of_day):
                self._look_at_bank(theirs)
            elif theirs.is_pay and ours.is_pay:
                self._look_at_pays(theirs, ours)
            else:
                self._look_at_both(theirs, ours)
        for theirs in self._again:
            self._add(Matching.ONLY_BANK, theirs, None)
        alone = [each for each in self._fep.values() if each.identity not in self._bank] + self._fep_again
        for ours in sorted(alone, key=lambda entry: entry.fep_serial):
            self._look_at_fep(ours)
        return Findings(tuple(self._findings), frozenset(self._found))

    def _look_at_pays(self, theirs: BankEntry, ours: FepEntry) -> None:
        """Both sides have the PAY, and one of them may have undone it."""
        is_undone_here, is_undone_there = ours.identity in self._fep_undo, theirs.identity in self._bank_undo
        if is_undone_here and (is_undone_there or theirs.is_idle):
            return self._match(theirs, ours)
        if is_undone_here or is_undone_there or theirs.is_idle:
            return self._add(Matching.STATE_DIFFERS, theirs, ours)
        if ours.identity in self._settled and _money(theirs.side) == _money(ours.side):
            return self._match(theirs, ours)
        return self._compare(theirs, ours)

    def _look_at_both(self, theirs: BankEntry, ours: FepEntry) -> None:
        """Both sides have the identity, and at least one of them under an undo."""
        is_netted_here = ours.identity in self._netted
        if is_netted_here and (theirs.is_idle or theirs.identity in self._bank_netted):
            return self._match(theirs, ours)
        return self._compare(theirs, ours)

    def _look_at_bank(self, theirs: BankEntry) -> None:
        """Our day does not have what the bank has."""
        if theirs.carried is not None or theirs.identity in self._bank_undo or theirs.identity in self._bank_netted:
            return None
        other_date = self._day.counted.get(theirs.identity)
        if self._day.may_be_in(other_date):
            return self._findings.append(
                Finding(theirs.identity, Matching.IN_FLIGHT, theirs.side, None, other_date=other_date)
            )
        if theirs.is_idle and other_date is None:
            return None
        return self._add(Matching.ONLY_BANK, theirs, None)

    def _look_at_fep(self, ours: FepEntry) -> None:
        """The bank's file does not have what our day has."""
        if not ours.is_of_day or ours.identity in self._netted or ours.identity in self._fep_undo:
            return None
        other_date = ours.identity.bank_date
        if self._day.may_be_in(other_date):
            return self._findings.append(
                Finding(ours.identity, Matching.IN_FLIGHT, None, ours.side, ours.fep_serial, other_date)
            )
        return self._add(Matching.ONLY_FEP, None, ours)

    def _compare(self, theirs: BankEntry, ours: FepEntry) -> None:
        if theirs.side == ours.side:
            return self._match(theirs, ours)
        is_amount = _money(theirs.side) != _money(ours.side)
        return self._add(Matching.AMOUNT_DIFFERS if is_amount else Matching.STATE_DIFFERS, theirs, ours)

    def _match(self, theirs: BankEntry, ours: FepEntry) -> None:
        self._find(theirs.carried, ours.carried)

    def _add(self, matching: Matching, theirs: BankEntry | None, ours: FepEntry | None) -> None:
        """Add a difference; where both halves have met, what carried one of them has done its duty."""
        if theirs is not None and ours is not None:
            self._match(theirs, ours)
        self._findings.append(
            Finding(
                theirs.identity if theirs is not None else _given(ours).identity,
                matching,
                None if theirs is None else theirs.side,
                None if ours is None else ours.side,
                None if ours is None else ours.fep_serial,
                undo=None if theirs is None or ours is None else self._bank_undo.get(theirs.identity),
            )
        )

    def _find(self, *carried: int | None) -> None:
        self._found.update(number for number in carried if number is not None)


def _money(side: Side) -> tuple[str, int]:
    return side.account_no, side.amount_fen


def _given(ours: FepEntry | None) -> FepEntry:
    assert ours is not None, "a difference has a side"
    return ours
