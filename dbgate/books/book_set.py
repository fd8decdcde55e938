"""Book set 账务工作集: the books of one batch, in memory, as its decisions see and change them; see ``WorkingSet``."""

from collections.abc import Collection, Iterable
from datetime import date

from dbgate.books.records import Debit, Mandate, Push
from dbgate.books.states import DifferenceState
from dbgate.records import Identity


class BookSet:
    """Mandates, debits and pushes of one batch by key; ``add_*`` puts what was loaded, ``apply`` what was decided."""

    def __init__(self) -> None:
        self._mandates: dict[str, Mandate] = {}
        self._debits: dict[tuple[int, str], Debit] = {}
        self._pushes: dict[str, Push] = {}
        self._batch_nos: dict[tuple[str, date], int] = {}
        self._difference_states: dict[Identity, set[DifferenceState]] = {}
        self._loaded_mandates: dict[str, Mandate] = {}
        self._loaded_debits: dict[tuple[int, str], Debit] = {}
        self._loaded_pushes: dict[str, Push] = {}
        self.has_changed = False

    # --- loading

    def add_mandates(self, mandates: Iterable[Mandate]) -> None:
        """Put loaded mandates."""
        for mandate in mandates:
            self._mandates[mandate.account_no] = self._loaded_mandates[mandate.account_no] = mandate

    def add_debits(self, debits: Iterable[Debit]) -> None:
        """Put loaded rows of debit batches."""
        for debit in debits:
            self._debits[_key(debit)] = self._loaded_debits[_key(debit)] = debit

    def add_pushes(self, pushes: Iterable[Push]) -> None:
        """Put loaded pushes."""
        for push in pushes:
            self._pushes[push.bill_no] = self._loaded_pushes[push.bill_no] = push

    def add_reconciliation(self, bank_code: str, clearing_date: date, batch_no: int) -> None:
        """Put a day that has been reconciled."""
        self._batch_nos[bank_code, clearing_date] = batch_no

    def add_difference(self, identity: Identity, state: DifferenceState) -> None:
        """Put a difference of a money request."""
        self._difference_states.setdefault(identity, set()).add(state)

    # --- reading

    def batch_no(self, bank_code: str, clearing_date: date) -> int | None:
        """Return the number of the day's reconciliation, None when it has not been reconciled."""
        return self._batch_nos.get((bank_code, clearing_date))

    def difference_states(self, identity: Identity) -> Collection[DifferenceState]:
        """Return the states of the differences that a money request has."""
        return self._difference_states.get(identity, ())

    def mandate(self, account_no: str) -> Mandate | None:
        """Return the account's mandate, None when it never had one."""
        return self._mandates.get(account_no)

    def debit(self, batch_no: int, bill_no: str) -> Debit | None:
        """Return the batch's row of the bill, None when the batch does not list it."""
        return self._debits.get((batch_no, bill_no))

    def debits_of(self, batch_no: int, account_no: str) -> list[Debit]:
        """Return the batch's rows of the account, by bill_no."""
        found = [d for d in self._debits.values() if d.batch_no == batch_no and d.account_no == account_no]
        return sorted(found, key=_key)

    def is_pushing(self, account_no: str) -> bool:
        """Tell whether the account has a push under way."""
        return any(push.is_under_way for push in self.pushes_of(account_no))

    def push(self, bill_no: str) -> Push | None:
        """Return the push of the bill, None when it is none."""
        return self._pushes.get(bill_no)

    def pushes_of(self, account_no: str) -> list[Push]:
        """Return the account's pushes, by bill_no."""
        found = [push for push in self._pushes.values() if push.account_no == account_no]
        return sorted(found, key=lambda push: push.bill_no)

    # --- deciding

    def apply(self, mandates: Iterable[Mandate], debits: Iterable[Debit], pushes: Iterable[Push] = ()) -> None:
        """Move the books on, so that the next decision sees them."""
        self._mandates |= {mandate.account_no: mandate for mandate in mandates}
        self._debits |= {_key(debit): debit for debit in debits}
        self._pushes |= {push.bill_no: push for push in pushes}
        self.has_changed = True

    # --- what to store

    def new_mandates(self) -> list[Mandate]:
        """Return the mandates of accounts that had none, by account_no."""
        return [self._mandates[key] for key in sorted(self._mandates.keys() - self._loaded_mandates.keys())]

    def moved_mandates(self) -> list[tuple[Mandate, Mandate]]:
        """Return (loaded, now) of the mandates that changed, by account_no."""
        pairs = [(loaded, self._mandates[key]) for key, loaded in sorted(self._loaded_mandates.items())]
        return [(loaded, now) for loaded, now in pairs if now != loaded]

    def new_debits(self) -> list[Debit]:
        """Return the rows that join a batch, by batch and bill."""
        return [self._debits[key] for key in sorted(self._debits.keys() - self._loaded_debits.keys())]

    def moved_debits(self) -> list[tuple[Debit, Debit]]:
        """Return (loaded, now) of the rows whose state moved, by batch and bill."""
        pairs = [(loaded, self._debits[key]) for key, loaded in sorted(self._loaded_debits.items())]
        return [(loaded, now) for loaded, now in pairs if now != loaded]

    def moved_pushes(self) -> list[tuple[Push, Push]]:
        """Return (loaded, now) of the pushes that moved, by bill_no."""
        pairs = [(loaded, self._pushes[key]) for key, loaded in sorted(self._loaded_pushes.items())]
        return [(loaded, now) for loaded, now in pairs if now != loaded]


def _key(debit: Debit) -> tuple[int, str]:
    return debit.batch_no, debit.bill_no
