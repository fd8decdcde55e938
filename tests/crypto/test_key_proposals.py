"""Proposals of acts on keys 密钥操作提请: what one officer has proposed waits in the sealed store for another."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from Crypto.Cipher import AES

from crypto.errors import KeyProposalRefused, KeyStoreInvalid, ProposalFault
from crypto.key_changes import (
    Activation,
    Addition,
    Export,
    KeyChange,
    NewJournal,
    Removal,
    Resealing,
    Retirement,
    deadline_of,
)
from crypto.key_journal import KeyAct
from crypto.key_proposals import PROPOSALS_MAX
from crypto.key_store import KeyStore
from crypto.key_versions import BankKeys
from crypto.keys import Key
from crypto.suites import SUITES

MASTER = Key("master key", bytes(range(32)))
AK = Key.from_hex("AK of bank 0102", "404142434445464748494A4B4C4D4E4F")
KEK = Key.from_hex("KEK of bank 0102", "505152535455565758595A5B5C5D5E5F")
NEW_AK = Key.from_hex("AK of bank 0102", "2B7E151628AED2A6ABF7158809CF4F3C")
NOW = datetime(2026, 11, 21, 10, 15, 30)  # noqa: DTZ001 - naive, Asia/Shanghai
DAY = timedelta(days=1)
NEW_KEYS = BankKeys(SUITES["3des"], NEW_AK, KEK)
CHANGES: list[KeyChange] = [
    Addition("import", NEW_KEYS),
    Addition("generate", NEW_KEYS, ("B0096M3TC00N0000", "B0096K0TB00N0000")),
    Export(1, ("B0096M3TC00N0000", "B0096K0TB00N0000")),
    Activation(2),
    Activation(2, NOW + DAY, NOW + 2 * DAY, timedelta()),
    Retirement(1, even_last=True),
    Removal(),
    Resealing("file:other.key", "00" * 8),
    NewJournal(),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "bank.keys"
    store = KeyStore.create(path, MASTER)
    store.add("0102", AK, KEK, SUITES["3des"], NOW)
    store.save()
    return path


def propose(path: Path, change: KeyChange, *, at: datetime = NOW, until: datetime = NOW + DAY) -> int:
    store = KeyStore.open(path, MASTER)
    number = store.propose("0102", change, "2 components", "li", at, until).number
    store.save(KeyAct(at, "li", f"propose {change.act}", "0102"))
    return number


def fault(path: Path, number: int, operator: str = "wang", now: datetime = NOW) -> ProposalFault | None:
    """Return why ``operator`` may not approve a proposal, None when he may."""
    try:
        KeyStore.open(path, MASTER).approvable(number, operator, now)
    except KeyProposalRefused as refused:
        return refused.fault
    return None


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.act)
def test_what_is_proposed_comes_back_from_the_sealed_store(path: Path, change: KeyChange) -> None:
    """Whatever act it is, with its keys, dates and blocks; and who has proposed it, until when."""
    number = propose(path, change)
    found = KeyStore.open(path, MASTER).approvable(number, "wang", NOW)
    assert (found.number, found.bank_code, found.change, found.detail) == (1, "0102", change, "2 components")
    assert (found.proposed_by, found.proposed_at, found.expires_at) == ("li", NOW, NOW + DAY)


def test_keys_of_a_proposal_are_sealed_and_no_text_shows_them(path: Path) -> None:
    """The file has them only under the master key."""
    number = propose(path, Addition("import", NEW_KEYS))
    content = path.read_bytes()
    assert NEW_AK.secret not in content
    assert NEW_AK.secret.hex().encode() not in content
    assert NEW_AK.secret.hex() not in repr(KeyStore.open(path, MASTER).proposal(number, NOW)).lower()


def test_nobody_approves_what_he_has_proposed(path: Path) -> None:
    """Two people take part, or nothing happens."""
    number = propose(path, Removal())
    assert fault(path, number, "li") is ProposalFault.SAME_OPERATOR
    assert fault(path, number, "wang") is None


def test_a_proposal_has_an_end_and_its_keys_are_destroyed_then(path: Path) -> None:
    """At the moment itself it is over; the next act that is saved leaves it out."""
    number = propose(path, Addition("import", NEW_KEYS))
    assert fault(path, number, now=NOW + DAY - timedelta(seconds=1)) is None
    assert fault(path, number, now=NOW + DAY) is ProposalFault.EXPIRED
    store = KeyStore.open(path, MASTER)
    store.save(KeyAct(NOW + DAY, "wang", "export", "0102", 1))
    assert fault(path, number, now=NOW) is ProposalFault.MISSING
    assert NEW_AK.secret.hex() not in clear_of(path)


def test_numbers_are_never_used_again(path: Path) -> None:
    """Who approves proposal 1 approves that one, and not a later one of the same number."""
    assert propose(path, Removal()) == 1
    store = KeyStore.open(path, MASTER)
    store.end_proposal(1)
    store.save()
    assert propose(path, Removal()) == 2
    assert fault(path, 1) is ProposalFault.MISSING


@pytest.mark.parametrize("what", ["added", "activated", "retired", "removed"])
def test_a_store_that_has_changed_since_refuses(path: Path, what: str) -> None:
    """Check values, versions or dates are not those that were looked at any more."""
    store = KeyStore.open(path, MASTER)
    store.add("0102", NEW_AK, KEK, SUITES["3des"], NOW)
    store.save()
    number = propose(path, Activation(2, NOW + 3 * DAY))
    store = KeyStore.open(path, MASTER)
    match what:
        case "added":
            store.add("0102", AK, NEW_AK, SUITES["3des"], NOW)
        case "activated":
            store.activate("0102", 2, NOW, NOW, NOW)
        case "retired":
            store.retire("0102", 1, NOW)
        case _:
            store.remove("0102")
    store.save()
    assert fault(path, number) is ProposalFault.CHANGED


def test_other_banks_may_change(path: Path) -> None:
    """Their keys have nothing to do with it, nor has the destruction of keys that have ended."""
    store = KeyStore.open(path, MASTER)
    store.add("0102", NEW_AK, KEK, SUITES["3des"], NOW)
    store.activate("0102", 2, NOW, NOW, NOW + timedelta(hours=1))
    store.save()
    number = propose(path, Retirement(2))
    store = KeyStore.open(path, MASTER)
    store.add("0103", AK, NEW_AK, SUITES["aes"], NOW)
    store.save(KeyAct(NOW + timedelta(hours=2), "li", "import", "0103"))
    assert KeyStore.open(path, MASTER).versions("0102")[0].keys is None
    assert fault(path, number) is None


def test_not_more_wait_than_anybody_can_look_at(path: Path) -> None:
    """The next one is refused until some are approved or rejected; expired ones do not count."""
    store = KeyStore.open(path, MASTER)
    for _ in range(PROPOSALS_MAX):
        store.propose("0102", Removal(), "", "li", NOW, NOW + DAY)
    with pytest.raises(KeyProposalRefused) as caught:
        store.propose("0102", Removal(), "", "li", NOW, NOW + DAY)
    assert caught.value.fault is ProposalFault.TOO_MANY
    assert store.propose("0102", Removal(), "", "li", NOW + DAY, NOW + 2 * DAY).number == PROPOSALS_MAX + 1


def test_a_trial_leaves_nothing_behind(path: Path) -> None:
    """What was tried to see whether it could be done is not done."""
    store = KeyStore.open(path, MASTER)
    with store.trial():
        store.remove("0102")
        assert store.bank_codes() == ()
    assert store.bank_codes() == ("0102",)


@pytest.mark.parametrize(
    ("change", "until"),
    [
        (Removal(), 3),
        (Activation(2), 3),
        (Activation(2, NOW + DAY), 1),
        (Activation(2, NOW + 2 * DAY, NOW + DAY), 1),
        (Activation(2, NOW - DAY, NOW + 2 * DAY), 2),
        (Activation(2, NOW + 9 * DAY), 3),
    ],
)
def test_no_moment_that_was_agreed_with_the_bank_is_passed_over(change: KeyChange, until: int) -> None:
    """What was to begin at six is not approved at eight: then it is proposed again."""
    assert deadline_of(change, NOW + 3 * DAY, NOW) == NOW + until * DAY


@pytest.mark.parametrize(
    "spoilt",
    [{"change": {"act": "none"}}, {"number": "x"}, {"expires_at": "soon"}, {"change": {"act": "activate"}}],
    ids=str,
)
def test_records_of_another_shape_are_refused(path: Path, spoilt: dict[str, object]) -> None:
    """A store whose proposals cannot be read is not opened, and nothing of it is guessed."""
    propose(path, Removal())
    document = json.loads(clear_of(path))
    document["proposals"]["waiting"][0] |= spoilt
    content = path.read_bytes()
    cipher = AES.new(MASTER.secret, AES.MODE_GCM, nonce=content[18:30])
    cipher.update(content[:34])
    sealed, tag = cipher.encrypt_and_digest(json.dumps(document).encode())
    path.write_bytes(content[:34] + sealed + tag)
    with pytest.raises(KeyStoreInvalid):
        KeyStore.open(path, MASTER)


def clear_of(path: Path) -> str:
    """Open the store with the library alone."""
    content = path.read_bytes()
    cipher = AES.new(MASTER.secret, AES.MODE_GCM, nonce=content[18:30])
    cipher.update(content[:34])
    return cipher.decrypt_and_verify(content[34:-16], content[-16:]).decode()
