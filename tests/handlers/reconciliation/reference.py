"""The rules of docs/reconciliation.md as a reader would walk through them, row by row. 对账规则参照实现

Rows are plain: (identity, account, txn, amount, state). Slow, and for few rows.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from dbgate.records import Identity

PAY, CANCEL, REVERSE = 2002, 2003, 2004
MATCHED, AMOUNT, STATE, ONLY_BANK, ONLY_FEP, IN_FLIGHT = range(1, 7)


@dataclass(eq=False)
class Row:
    """One request on one side; ``undoes`` is known of ours only."""

    identity: Identity
    account: str
    txn: int
    amount: int
    state: int
    undoes: Identity | None = None
    carried: int | None = None
    matching: int = 0

    def equals(self, other: "Row") -> bool:
        return self.content == other.content

    @property
    def content(self) -> tuple[Any, ...]:
        return self.identity, self.account, self.txn, self.amount, self.state

    @property
    def moved_nothing(self) -> bool:
        return (self.txn == REVERSE and self.state != 1) or (self.txn == PAY and self.state == 4)


@dataclass
class World:
    """A day: the file, our rows, what was carried here, where else our journal counts an identity."""

    day: date
    first: date
    bank: list[Row]
    fep: list[Row]
    carried_bank: list[Row]
    carried_fep: list[Row]
    elsewhere: dict[Identity, date]
    reconciled: set[date]
    found: set[int] = field(default_factory=set)

    def classify(self) -> None:
        """Give each row of the day its class, and say which carried ones were found."""
        for theirs in self.bank:
            for ours in self.fep:
                if not theirs.matching and not ours.matching and theirs.equals(ours):
                    theirs.matching = ours.matching = MATCHED
        for rows, carried in ((self.bank, self.carried_fep), (self.fep, self.carried_bank)):
            for row in rows:
                for other in carried:
                    if not row.matching and not other.matching and row.equals(other):
                        row.matching = other.matching = MATCHED
                        self._find(other)
        self._second_rows()
        pairs_here, pairs_there = self._pairs_of_ours(), self._pairs_of_bank()
        for theirs in [*self.bank, *self.carried_bank]:
            if not theirs.matching:
                self._classify_bank(theirs, pairs_here, pairs_there)
        netted = {id(row) for pair in pairs_here for row in pair}
        for ours in self.fep:
            if not ours.matching:
                ours.matching = MATCHED if id(ours) in netted else self._alone(ours.identity.bank_date, ONLY_FEP)
        for pay, undo in pairs_there:
            if undo.matching in {0, MATCHED}:
                undo.matching = pay.matching

    def _find(self, *rows: Row) -> None:
        self.found |= {row.carried for row in rows if row.carried is not None}

    def _second_rows(self) -> None:
        """A row whose identity has been matched, or has an earlier row in the file, is one in excess."""
        seen = {row.identity for row in [*self.bank, *self.fep] if row.matching}
        for row in self.bank:
            if not row.matching:
                if row.identity in seen:
                    row.matching = ONLY_BANK
                seen.add(row.identity)

    def _pairs_of_ours(self) -> list[tuple[Row, Row]]:
        left = [row for row in self.fep if not row.matching]
        return [(pay, undo) for pay in left for undo in left if pay.txn == PAY and undo.undoes == pay.identity]

    def _pairs_of_bank(self) -> list[tuple[Row, Row]]:
        settled = {undo.undoes for undo in self.fep if undo.undoes is not None and undo.matching}
        left = [row for row in self.bank if not row.matching and row.identity not in settled]
        pairs: list[tuple[Row, Row]] = []

        def fits(pay: Row, undo: Row, step: int) -> bool:
            known = next((row.undoes for row in self.fep if row.identity == undo.identity), None)
            by_kind = (pay.state == 2) == (undo.txn == CANCEL)
            return (known == pay.identity, by_kind, True)[step]

        for step in range(3):
            for pay in left:
                for undo in left:
                    taken = {id(row) for pair in pairs for row in pair}
                    is_pay, is_undo = pay.txn == PAY and pay.state in {2, 3}, undo.txn != PAY and undo.state == 1
                    same_money = (pay.account, pay.amount) == (undo.account, undo.amount)
                    is_free = not {id(pay), id(undo)} & taken
                    if is_pay and is_undo and same_money and is_free and fits(pay, undo, step):
                        pairs.append((pay, undo))
        return pairs

    def _classify_bank(
        self, theirs: Row, pairs_here: list[tuple[Row, Row]], pairs_there: list[tuple[Row, Row]]
    ) -> None:
        candidates = [row for row in self.fep if row.identity == theirs.identity and not row.matching]
        if theirs.carried is None:
            candidates += [row for row in self.carried_fep if row.identity == theirs.identity and not row.matching]
        if not candidates:
            if theirs.carried is None:
                theirs.matching = self._bank_alone(theirs, pairs_there)
            return
        ours = candidates[0]
        if theirs.carried is not None and any(
            row.identity == theirs.identity and row is not theirs for row in self.bank
        ):
            return
        theirs.matching = ours.matching = self._both(theirs, ours, pairs_here, pairs_there)
        self._find(theirs, ours)

    def _bank_alone(self, theirs: Row, pairs_there: list[tuple[Row, Row]]) -> int:
        if any(theirs is row for pair in pairs_there for row in pair):
            return MATCHED
        other = self.elsewhere.get(theirs.identity)
        if other is None:
            return MATCHED if theirs.moved_nothing else ONLY_BANK
        return self._alone(other, ONLY_BANK)

    def _both(
        self, theirs: Row, ours: Row, pairs_here: list[tuple[Row, Row]], pairs_there: list[tuple[Row, Row]]
    ) -> int:
        undone_here = any(ours is pay for pay, _ in pairs_here)
        undone_there = any(theirs is pay for pay, _ in pairs_there)
        same_money = (theirs.account, theirs.amount) == (ours.account, ours.amount)
        if theirs.txn == ours.txn == PAY:
            if undone_here and (undone_there or theirs.moved_nothing):
                return MATCHED
            if undone_here or undone_there or theirs.moved_nothing:
                return STATE
            if same_money and any(row.undoes == ours.identity and row.matching == MATCHED for row in self.fep):
                return MATCHED
        elif any(ours is undo for _, undo in pairs_here) and (
            theirs.moved_nothing or any(theirs is undo for _, undo in pairs_there)
        ):
            return MATCHED
        if theirs.equals(ours):
            return MATCHED
        return STATE if same_money else AMOUNT

    def _alone(self, other: date, matching: int) -> int:
        is_near = abs((other - self.day).days) == 1 and other >= self.first and other not in self.reconciled
        return IN_FLIGHT if is_near else matching
