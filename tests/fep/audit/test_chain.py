"""A chain goes on where it ended, whatever ended it, and is never half written."""

import errno
import hmac
import json
import os
import shutil
from pathlib import Path

import pytest

from fep.audit import chain as chain_module
from fep.audit.chain import Chain
from fep.audit.folders import FolderTaken
from fep.audit.verifying import Verifier
from tests.fep.audit.chains import KEY, act, lines_of, made, money, verified_by_hand


def test_the_hashes_by_hand(tmp_path: Path) -> None:
    """An auditor's own twenty lines find every hash right, over files and starts."""
    made(tmp_path)
    folder = made(tmp_path)
    lines = verified_by_hand(folder)
    assert [line["kind"] for line in lines] == [
        *("file", "opened", *["money"] * 5, "seal", "file", *["money"] * 5, "seal"),
        *("opened", *["money"] * 5, "seal", "file", *["money"] * 5, "seal"),
    ]
    assert len(list(folder.glob("*.jsonl"))) == 3


def test_the_seal_by_hand(tmp_path: Path) -> None:
    """A seal's MAC is HMAC-SHA256 over the hash before it and its own text up to the MAC."""
    lines = lines_of(made(tmp_path))
    place = next(place for place, line in enumerate(lines) if '"kind": "seal"' in line)
    text, _, rest = lines[place].partition(', "mac": "')
    before = json.loads(lines[place - 1])["hash"]
    assert rest[:64] == hmac.digest(b"a key of thirty-two bytes for us", (before + text).encode(), "sha256").hex()


def test_a_seal_tells_counts_and_sums(tmp_path: Path) -> None:
    """Of the days that are over, and of no other."""
    chain = Chain.of_slot(tmp_path, "daemon")
    chain.append([money(1, 100), money(2, 250), money(3, 250, txn="reverse"), money(4, 7, "0103"), act("x")])
    chain.append([money(5, 1, day="20261123")])
    chain.seal(KEY, "cut_off", [("0102", "20261122"), ("0104", "20261122")])
    chain.close()
    seal = next(json.loads(line) for line in lines_of(chain.folder) if '"kind": "seal"' in line)
    zeros = {f"{name}_{kind}": 0 for name in ("pay", "cancel", "reverse") for kind in ("count", "fen")}
    assert seal["days"] == [
        {"bank_code": "0102", "clearing_date": "20261122"}
        | zeros
        | {"pay_count": 2, "pay_fen": 350, "reverse_count": 1, "reverse_fen": 250},
        {"bank_code": "0104", "clearing_date": "20261122"} | zeros,
    ]
    header = json.loads(lines_of(chain.folder)[-1])
    assert [(day["bank_code"], day["clearing_date"], day["pay_fen"]) for day in header["unsealed"]] == [
        ("0102", "20261123", 1),
        ("0103", "20261122", 7),
    ]


def test_counts_go_on_after_a_start(tmp_path: Path) -> None:
    """What a former process has counted is sealed with what the next one counts."""
    first = Chain.of_slot(tmp_path, "daemon")
    first.append([money(1, 100)])
    first.close()
    second = Chain.of_slot(tmp_path, "daemon")
    assert second.overdue({"0102": "20261123"}) == [("0102", "20261122")]
    second.append([money(2, 10)])
    second.seal(KEY, "cut_off", [("0102", "20261122")])
    second.close()
    seal = json.loads(lines_of(second.folder)[-2])
    assert (seal["days"][0]["pay_count"], seal["days"][0]["pay_fen"]) == (2, 110)
    assert Verifier([KEY]).walk(second.folder).broken is None


@pytest.mark.parametrize("torn", [b'{"seq": 14, "at": "2026', b"\0" * 5000, b'{"seq": 14}\n', b"\xff\n\n{}"])
def test_what_a_crash_has_left(tmp_path: Path, torn: bytes) -> None:
    """Half a line is put aside, told in the chain, and no break."""
    folder = made(tmp_path)
    path = max(folder.glob("*.jsonl"))
    size = path.stat().st_size
    with path.open("ab") as file:
        file.write(torn)
    chain = Chain.of_slot(tmp_path, "daemon")
    chain.opened({"by": "test"})
    chain.close()
    opened = verified_by_hand(folder)[-1]
    assert (opened["torn_bytes"], opened["torn_file"]) == (len(torn), f"{path.stem}.torn-{size}")
    assert (folder / opened["torn_file"]).read_bytes() == torn
    walked = Verifier([KEY]).walk(folder)
    assert walked.broken is None
    assert any(f"{len(torn)} bytes" in notice.en for notice in walked.notices)


def test_a_crash_at_the_first_line_of_a_file(tmp_path: Path) -> None:
    """A file that was begun and has no whole line is begun again."""
    folder = made(tmp_path)
    last = json.loads(lines_of(folder)[-1])["seq"]
    (folder / f"{last + 1:012d}.jsonl").write_bytes(b'{"seq": ')
    chain = Chain.of_slot(tmp_path, "daemon")
    chain.opened({"by": "test"})
    chain.close()
    assert verified_by_hand(folder)[-1]["torn_bytes"] == 8


def test_an_end_that_was_no_end(tmp_path: Path) -> None:
    """The next writer says whether the one before ended in order."""
    afters = []
    for ends_in_order in (True, False, True):
        chain = Chain.of_slot(tmp_path, "daemon")
        chain.opened({"by": "test"})
        afters.append(json.loads(lines_of(chain.folder)[-1]).get("after"))
        if ends_in_order:
            chain.seal(KEY, "stop")
        chain.close()
    assert afters == [None, "stop", "crash"]


def test_two_writers_have_a_chain_each(tmp_path: Path) -> None:
    """And the first chain is taken again when its writer has gone."""
    one, two = Chain.of_slot(tmp_path, "daemon"), Chain.of_slot(tmp_path, "daemon")
    assert (one.folder.name, two.folder.name) == ("daemon-1", "daemon-2")
    one.close()
    assert Chain.of_slot(tmp_path, "daemon").folder.name == "daemon-1"


def test_commands_wait_for_each_other(tmp_path: Path) -> None:
    """Acts of commands stand in one chain; who waits too long is told."""
    first = Chain.of_commands(tmp_path, 0.0)
    with pytest.raises(FolderTaken):
        Chain.of_commands(tmp_path, 0.05)
    first.close()
    Chain.of_commands(tmp_path, 0.0).close()


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk takes half of the lines: they are cut off again, and written whole later."""
    chain = Chain.of_slot(tmp_path, "daemon")
    chain.opened({"by": "test"})
    write, calls = os.write, []

    def full(descriptor: int, content: bytes) -> int:
        calls.append(len(content))
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(descriptor, bytes(content)[:100])

    with monkeypatch.context() as patched:
        patched.setattr(chain_module.os, "write", full)
        with pytest.raises(OSError, match="No space"):
            chain.append([money(1), money(2)])
    assert len(verified_by_hand(chain.folder)) == 2
    chain.append([money(1), money(2)])
    chain.close()
    assert len(verified_by_hand(chain.folder)) == 4


def test_a_large_file_is_followed_by_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each new file says with which configuration it was written."""
    monkeypatch.setattr(chain_module, "FILE_BYTES_MAX", 2000)
    chain = Chain.of_slot(tmp_path, "daemon")
    chain.preamble = act("configuration stands here")
    for serial in range(20):
        chain.append([money(serial)])
    chain.close()
    files = sorted(chain.folder.glob("*.jsonl"))
    assert len(files) > 2
    assert all("configuration stands here" in path.read_text().splitlines()[1] for path in files[1:])
    verified_by_hand(chain.folder)
    assert Verifier([KEY]).walk(chain.folder).broken is None


def test_a_file_that_no_crash_leaves(tmp_path: Path) -> None:
    """A chain whose last file was overwritten is left as it is for whoever looks into it; another one is begun."""
    folder = made(tmp_path)
    path = max(folder.glob("*.jsonl"))
    path.write_text(path.read_text().partition("\n")[2])
    before = path.read_bytes()
    assert Chain.of_slot(tmp_path, "daemon").folder.name == "daemon-2"
    assert path.read_bytes() == before


def test_a_copied_folder(tmp_path: Path) -> None:
    """A chain that came with a copy is not gone on with: the original goes on too, and one would pass for forged."""
    made(tmp_path / "one")
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    copied = (tmp_path / "two" / "daemon-1" / "000000000009.jsonl").read_bytes()
    chain = Chain.of_slot(tmp_path / "two", "daemon")
    chain.close()
    assert chain.folder.name == "daemon-2"
    assert (tmp_path / "two" / "daemon-1" / "000000000009.jsonl").read_bytes() == copied
    assert Verifier([KEY]).walk(tmp_path / "two" / "daemon-1").broken is None
