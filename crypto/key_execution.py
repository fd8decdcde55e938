"""Key execution 密钥变更执行: a key change is carried out on a store, in memory; whoever calls saves it."""

from collections.abc import Callable
from datetime import datetime

from crypto.errors import KeyProposalRefused, KeyVersionRefused, ProposalFault, VersionFault
from crypto.key_changes import Activation, Addition, Export, KeyChange, NewJournal, Removal, Resealing, Retirement
from crypto.key_store import KeyStore
from crypto.key_versions import KeyVersion, accepted
from crypto.keys import Key


def carried_out(
    store: KeyStore, bank_code: str, change: KeyChange, now: datetime, resolve: Callable[[str], Key]
) -> KeyVersion | None:
    """Make the change in memory and return the version that it is about, as it stands then; None when of none.

    Args:
        store: the caller saves it.
        bank_code: whose keys; empty when of none.
        change: what to do.
        now: naive, Asia/Shanghai.
        resolve: returns the master key of a reference.

    Raises:
        CryptoError: it cannot be done; says why.
    """
    match change:
        case Addition(keys=keys):
            return store.add(bank_code, keys.ak, keys.kek, keys.suite, now)
        case Activation(number=number):
            store.activate(bank_code, number, now, *change.moments(now))
            return _version(store, bank_code, number)
        case Retirement(number=number):
            store.retire(bank_code, number, now)
            if not change.even_last and not accepted(store.versions(bank_code), now):
                raise KeyVersionRefused(bank_code, number, VersionFault.LAST)
            return _version(store, bank_code, number)
        case Export(number=number):
            version = _version(store, bank_code, number)
            if version.keys is None:
                raise KeyVersionRefused(bank_code, number, VersionFault.RETIRED_BEFORE)
            return version
        case Removal():
            store.remove(bank_code)
        case Resealing(reference=reference, check_value=check_value):
            master_key = resolve(reference)
            if store.check_value_of(master_key) != check_value:
                raise KeyProposalRefused(None, ProposalFault.OTHER_MASTER_KEY)
            store.reseal(master_key)
        case NewJournal():
            store.begin_journal(now)
    return None


def _version(store: KeyStore, bank_code: str, number: int) -> KeyVersion:
    for each in store.versions(bank_code):
        if each.number == number:
            return each
    raise KeyVersionRefused(bank_code, number, VersionFault.MISSING)
