"""The journal of key acts: whatever is done to it behind the program's back is found."""

import hmac
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from crypto.errors import KeyJournalBroken
from crypto.key_journal import JournalHead, KeyAct, KeyJournal
from crypto.key_store import KeyStore
from crypto.keys import Key
from crypto.suites import SUITES

SECRET = bytes(range(32))
NOW = datetime(2026, 11, 21, 10, 15, 30)  # noqa: DTZ001 - naive, Asia/Shanghai
ACTS = [
    KeyAct(NOW, "li", act, "0102", number, "8BAF473F") for number, act in enumerate(("import", "activate", "retire"))
]


@pytest.fixture
def journal(tmp_path: Path) -> KeyJournal:
    return KeyJournal(tmp_path / "keys.journal", SECRET)


@pytest.fixture
def head(journal: KeyJournal) -> JournalHead:
    head = JournalHead()
    for act in ACTS:
        head = journal.append(act, head)
    return head


def test_what_was_written_comes_back(journal: KeyJournal, head: JournalHead) -> None:
    """In order, and the file is for its owner alone."""
    assert journal.acts(head) == ACTS
    assert journal.path.stat().st_mode & 0o777 == 0o600
    assert head.count == 3


def test_a_line_is_as_documented(journal: KeyJournal, head: JournalHead) -> None:
    """Its digits are the HMAC over the digits before it and its text, made here by the library alone."""
    before = "0" * 64
    for line in journal.path.read_text().splitlines():
        text, _, mac = line.rpartition(" ")
        before = hmac.new(SECRET, f"{before} {text}".encode(), "sha256").hexdigest()
        assert mac == before
    assert before == head.mac


@pytest.mark.parametrize(
    ("spoil", "line_no", "what"),
    [
        (lambda lines: [lines[0], lines[1].replace("activate", "retire"), lines[2]], 2, "changed"),
        (lambda lines: [lines[0], lines[2]], 2, "changed"),
        (lambda lines: [lines[1], lines[0], lines[2]], 1, "changed"),
        (lambda lines: [*lines[:2], lines[1], lines[2]], 3, "changed"),
        (lambda lines: lines[:2], 3, "1 lines are missing"),
        (lambda lines: [], 1, "3 lines are missing"),
        (lambda lines: [*lines[:2], lines[2][:-30]], 3, "cut"),
    ],
)
def test_every_change_is_found(
    journal: KeyJournal, head: JournalHead, spoil: Callable[[list[str]], list[str]], line_no: int, what: str
) -> None:
    """A line changed, left out, moved, doubled, cut off; reading and writing both stop there."""
    lines = journal.path.read_text().splitlines(keepends=True)
    journal.path.write_text("".join(spoil(lines)))
    for attempt in (lambda: journal.acts(head), lambda: journal.append(ACTS[0], head)):
        with pytest.raises(KeyJournalBroken, match=what) as caught:
            attempt()
        assert caught.value.line_no == line_no
    assert f"第 {line_no} 行" in caught.value.chinese


def test_whoever_writes_a_whole_new_one_needs_the_secret(
    journal: KeyJournal, head: JournalHead, tmp_path: Path
) -> None:
    """Another journal of as many lines, even under the right secret, is not the one that the store knows."""
    other = KeyJournal(tmp_path / "other", SECRET)
    found = JournalHead()
    for act in reversed(ACTS):
        found = other.append(act, found)
    with pytest.raises(KeyJournalBroken, match="not the one that the key store knows"):
        other.acts(head)
    with pytest.raises(KeyJournalBroken, match="changed"):
        KeyJournal(journal.path, bytes(32)).acts(head)


def test_an_act_that_was_begun_is_kept(journal: KeyJournal, head: JournalHead) -> None:
    """A crash between the line and the store leaves one line more; the journal goes on behind it."""
    journal.append(KeyAct(NOW, "li", "remove", "0103"), head)
    after = journal.append(KeyAct(NOW, "wang", "list"), head)
    assert [act.act for act in journal.acts(after)] == ["import", "activate", "retire", "remove", "list"]


def test_the_store_writes_it(tmp_path: Path) -> None:
    """Each saved act stands in the journal; one that is cut off is missed, and nothing more is stored then."""
    path, master = tmp_path / "keys.store", Key("master key", bytes(range(32)))
    store = KeyStore.create(path, master)
    ak, kek = Key("AK", bytes(range(16))), Key("KEK", bytes(range(1, 17)))
    store.add("0103", ak, kek, SUITES["aes"], NOW)
    store.save(KeyAct(NOW, "li", "import", "0103", 1))
    assert [act.act for act in KeyStore.open(path, master).acts()] == ["import"]

    (tmp_path / "keys.store.journal").unlink()
    store = KeyStore.open(path, master)
    store.remove("0103")
    with pytest.raises(KeyJournalBroken, match="1 lines are missing"):
        store.save(KeyAct(NOW, "li", "remove", "0103"))
    assert KeyStore.open(path, master).bank_codes() == ("0103",)


def test_no_key_stands_in_it(tmp_path: Path) -> None:
    """Check values only."""
    store = KeyStore.create(tmp_path / "keys.store", Key("master key", bytes(range(32))))
    ak, kek = Key("AK", bytes(range(16))), Key("KEK", bytes(range(1, 17)))
    version = store.add("0103", ak, kek, SUITES["aes"], NOW)
    store.save(KeyAct(NOW, "li", "import", "0103", 1, version.ak_kcv.hex().upper()))
    text = (tmp_path / "keys.store.journal").read_text().lower()
    assert version.ak_kcv.hex() in text
    assert ak.secret.hex() not in text
    assert kek.secret.hex() not in text
