"""Netting 冲抵: a payment and its undo on the same side, which together have moved nothing."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from dbgate.records import Identity
from handlers.reconciliation.entries import CANCEL, BankEntry, FepEntry
from protocol.canonical.codes import OriginalState

_UNDONE = {OriginalState.CANCELLED, OriginalState.REVERSED}


def fep_pairs(entries: Iterable[FepEntry]) -> dict[Identity, Identity]:
    """Return undo by PAY: those of the day of which both are left over. An undo names its original."""
    pays = {entry.identity for entry in entries if entry.is_pay and entry.is_of_day}
    return {entry.undoes: entry.identity for entry in entries if entry.undoes is not None and entry.undoes in pays}


def bank_pairs(
    entries: Sequence[BankEntry], originals: Mapping[Identity, Identity], settled: Collection[Identity] = ()
) -> dict[Identity, Identity]:
    """Return undo by PAY: those of the bank's file of which both are left over.

    The file does not say which PAY an undo undid: it is one of the same account and amount that the bank has as undone.
    First go those that our journal knows to belong together, then CANCEL with cancelled and REVERSE with reversed, then
    any; each time in the order of the file.

    Args:
        entries: left-over rows, one for each identity; what other days have carried here is left out.
        originals: what the journal says that undos undid, by their identity.
        settled: PAYs whose undo is equal on both sides, so that no other undo is theirs.
    """
    of_file = [entry for entry in entries if entry.carried is None and entry.identity not in settled]
    pays = [entry for entry in of_file if entry.is_pay and entry.side.state in _UNDONE]
    undos = [entry for entry in of_file if not entry.is_pay and entry.side.state == OriginalState.POSTED]
    pairs: dict[Identity, Identity] = {}
    keys: tuple[tuple[_Key, _Key], ...] = (
        (lambda pay: pay.identity, lambda undo: originals.get(undo.identity)),
        (lambda pay: pay.side.state == OriginalState.CANCELLED, lambda undo: undo.side.txn == CANCEL),
        (lambda _: True, lambda _: True),
    )
    for key_of_pay, key_of_undo in keys:
        waiting: dict[object, list[BankEntry]] = defaultdict(list)
        for undo in undos:
            waiting[_money(undo), key_of_undo(undo)].append(undo)
        for lined_up in waiting.values():
            lined_up.reverse()
        for pay in pays:
            if lined_up := waiting.get((_money(pay), key_of_pay(pay)), []):
                pairs[pay.identity] = lined_up.pop().identity
        taken = set(pairs.values())
        pays = [pay for pay in pays if pay.identity not in pairs]
        undos = [undo for undo in undos if undo.identity not in taken]
    return pairs


_Key = Callable[[BankEntry], object]


def _money(entry: BankEntry) -> tuple[str, int]:
    return entry.side.account_no, entry.side.amount_fen
