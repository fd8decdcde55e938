"""Whatever is done to the files of the audit log is found, at the first line that it has touched."""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from fep.audit.chain import Chain
from fep.audit.faults import Fault
from fep.audit.reading import Criteria
from fep.audit.reading import lines_of as lines_of_chains
from fep.audit.verifying import Verifier
from tests.fep.audit.chains import KEY, OTHER_KEY, act, lines_of, made, money

Tamper = Callable[[list[str]], None]


def broken(folder: Path, **witnessed: str) -> tuple[Fault, str, int, int] | None:
    """Return fault, file, line of the file and number of the first link that does not hold."""
    chain = next(json.loads(line)["chain"] for line in lines_of(folder) if '"chain"' in line)
    witnesses = {chain: {int(line[1:]): said for line, said in witnessed.items()}}
    found = Verifier([KEY], witnesses).walk(folder).broken
    return None if found is None else (found.fault, found.path.name, found.file_line, found.line_no)


def rehashed(lines: list[str], first: int, before: str) -> None:
    """Give lines from a place on the hashes that they would have: what somebody does who knows how."""
    for place in range(first, len(lines)):
        text = lines[place].rpartition(', "hash": "')[0]
        before = hashlib.sha256((before + text).encode()).hexdigest()
        lines[place] = f'{text}, "hash": "{before}"}}'


def change_amount(lines: list[str]) -> None:
    lines[4] = lines[4].replace('"amount_fen": 100', '"amount_fen": 900')


def change_and_hash(lines: list[str]) -> None:
    change_amount(lines)
    text = lines[4].rpartition(', "hash": "')[0]
    lines[4] = f'{text}, "hash": "{hashlib.sha256((json.loads(lines[3])["hash"] + text).encode()).hexdigest()}"}}'


def change_and_hash_all(lines: list[str]) -> None:
    change_amount(lines)
    rehashed(lines, 4, json.loads(lines[3])["hash"])


def remove(lines: list[str]) -> None:
    del lines[4]


def remove_first(lines: list[str]) -> None:
    del lines[0]


def remove_and_number(lines: list[str]) -> None:
    del lines[4]
    for place in range(4, len(lines)):
        lines[place] = re.sub(r'^\{"seq": \d+', f'{{"seq": {place + 1}', lines[place])


def insert(lines: list[str]) -> None:
    lines.insert(5, lines[4])


def swap(lines: list[str]) -> None:
    lines[4], lines[5] = lines[5], lines[4]


def scribble(lines: list[str]) -> None:
    lines[4] = "nothing of the kind"


def change_seal(lines: list[str]) -> None:
    lines[7] = lines[7].replace('"pay_count": 5', '"pay_count": 4')
    rehashed(lines, 7, json.loads(lines[6])["hash"])


def change_hash_of_seal(lines: list[str]) -> None:
    lines[7] = lines[7][:-10] + "00000000" + lines[7][-2:]


@pytest.mark.parametrize(
    ("tamper", "fault", "file_line"),
    [
        (change_amount, Fault.CHANGED, 5),
        (change_and_hash, Fault.CHANGED, 6),
        (change_and_hash_all, Fault.SEAL_WRONG, 8),
        (remove, Fault.MISSING, 5),
        (remove_first, Fault.MISSING, 1),
        (remove_and_number, Fault.CHANGED, 5),
        (insert, Fault.INSERTED, 6),
        (swap, Fault.OUT_OF_ORDER, 5),
        (scribble, Fault.UNREADABLE, 5),
        (change_seal, Fault.SEAL_WRONG, 8),
        (change_hash_of_seal, Fault.CHANGED, 8),
    ],
)
def test_a_file_that_was_tampered_with(tmp_path: Path, tamper: Tamper, fault: Fault, file_line: int) -> None:
    """The first line that does not hold is named, with what is wrong with it."""
    folder = made(tmp_path)
    path = min(folder.glob("*.jsonl"))
    lines = path.read_text().splitlines()
    assert len(lines) == 8
    assert broken(folder) is None
    tamper(lines)
    path.write_text("\n".join(lines) + "\n")
    assert broken(folder) == (fault, path.name, file_line, file_line)


def test_a_chain_that_was_written_anew(tmp_path: Path) -> None:
    """Without the master key no seal can be made, so a chain written anew under another key is found by its seal."""
    folder = made(tmp_path)
    assert Verifier([OTHER_KEY]).walk(folder).broken.fault is Fault.SEAL_KEY
    assert Verifier([OTHER_KEY, KEY]).walk(folder).broken is None
    assert Verifier(None).walk(folder).broken is None


def test_a_seal_without_a_mac(tmp_path: Path) -> None:
    """A line that says it is a seal must be one."""
    chain = Chain.of_slot(tmp_path, "daemon")
    chain.append([('"at": "2026-11-22T10:00:00.000+08:00", "kind": "seal", "reason": "stop", "days": []', None)])
    chain.close()
    assert broken(chain.folder) == (Fault.SEAL_WRONG, "000000000001.jsonl", 2, 2)


def test_files_that_are_missing_or_out_of_place(tmp_path: Path) -> None:
    """A file between two others cannot go, and none can come between."""
    made(tmp_path)
    folder = made(tmp_path)
    _, second, third = sorted(folder.glob("*.jsonl"))
    kept = second.read_bytes()
    second.unlink()
    assert broken(folder) == (Fault.FILE_MISSING, third.name, 0, 9)
    second.write_bytes(kept)
    assert broken(folder) is None
    between = folder / "000000000005.jsonl"
    between.write_bytes(kept)
    assert broken(folder) == (Fault.FILE_OUT_OF_PLACE, between.name, 0, 9)


def test_an_archive_whose_beginning_is_elsewhere(tmp_path: Path) -> None:
    """It is verified from the first file that is there, seals included, and says from which line on."""
    made(tmp_path)
    folder = made(tmp_path)
    min(folder.glob("*.jsonl")).unlink()
    walked = Verifier([KEY]).walk(folder)
    assert (walked.broken, walked.first_line, walked.day_count) == (None, 9, 1)
    assert any("begins with line 9" in notice.en for notice in walked.notices)
    path = min(folder.glob("*.jsonl"))
    path.write_text(path.read_text().replace('"amount_fen": 100', '"amount_fen": 101', 1))
    assert Verifier([KEY]).walk(folder).broken.fault is Fault.CHANGED


def test_from_a_day_on(tmp_path: Path) -> None:
    """Older files are left out, so a night's job looks at the last days alone."""
    made(tmp_path)
    folder = made(tmp_path)
    assert Verifier([KEY]).walk(folder, date(2000, 1, 1)).first_line == 1
    assert Verifier([KEY]).walk(folder, date(2100, 1, 1)).first_line == 23


def test_lines_that_were_cut_off(tmp_path: Path) -> None:
    """Behind an intact beginning nothing is missed by the files alone: the database knows how far the chain went."""
    folder = made(tmp_path)
    lines = lines_of(folder)
    last = max(folder.glob("*.jsonl"))
    last_hash = json.loads(lines[-1])["hash"]
    assert broken(folder, _15=last_hash) is None
    last.write_text("\n".join(lines[8:11]) + "\n")
    assert broken(folder) is None
    assert broken(folder, _15=last_hash) == (Fault.TRUNCATED, last.name, 0, 15)
    last.unlink()
    assert broken(folder, _15=last_hash) == (Fault.TRUNCATED, "000000000001.jsonl", 0, 15)


def test_a_chain_that_goes_on_differently(tmp_path: Path) -> None:
    """Lines were cut off and others written in their place: the database knows another line of that number."""
    folder = made(tmp_path)
    lines = lines_of(folder)
    last = max(folder.glob("*.jsonl"))
    last.write_text("\n".join(lines[8:10]) + "\n")
    chain = Chain.of_slot(tmp_path, "daemon")
    chain.append([act(str(number)) for number in range(10)])
    chain.close()
    assert broken(folder) is None
    assert broken(folder, _15=json.loads(lines[14])["hash"]) == (Fault.NOT_AS_WITNESSED, last.name, 7, 15)


def test_half_a_line_at_the_end(tmp_path: Path) -> None:
    """While somebody writes it is no news; else it is told, and no break."""
    chain = Chain.of_slot(tmp_path, "daemon")
    chain.append([money(1)])
    with (chain.folder / "000000000001.jsonl").open("ab") as file:
        file.write(b'{"seq": 3, ')
    walked = Verifier([KEY]).walk(chain.folder)
    assert (walked.broken, walked.notices, walked.is_written) == (None, [], True)
    chain.close()
    walked = Verifier([KEY]).walk(chain.folder)
    assert (walked.broken, len(walked.notices), walked.is_written) == (None, 1, False)


def test_counts_that_are_not_those_of_the_lines(tmp_path: Path) -> None:
    """Even a seal with a right MAC must say what the lines say."""
    chain = Chain.of_slot(tmp_path, "daemon")
    chain.append([money(1)])
    chain.tallies.add(money(2)[1])
    chain.seal(KEY, "cut_off", [("0102", "20261122")])
    chain.close()
    assert broken(chain.folder) == (Fault.SEAL_COUNTS, "000000000001.jsonl", 3, 3)


AT = '"at": "2026-11-22T10:00:00.000+08:00"'
SEAL = f'{AT}, "kind": "seal", "key": "00000000", "mac": "{"0" * 64}"'
FORGED = {
    "no moment": '"kind": "lost"',
    "a moment that is none": '"at": 5, "kind": "lost", "count": 3',
    "no kind": f'{AT}, "x": 1',
    "a kind that is none": f'{AT}, "kind": ["x"]',
    "lost without a number": f'{AT}, "kind": "lost"',
    "torn without a file": f'{AT}, "kind": "opened", "torn_bytes": 3',
    "a seal of a number": SEAL.replace('"key"', '"days": [1], "key"'),
    "a seal of nothing": SEAL.replace('"key"', '"days": 7, "key"'),
}
"""Lines whose hash is right, which anybody can compute, and which no daemon has written."""


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_a_forged_line_is_a_finding(tmp_path: Path, forged: str) -> None:
    """Whoever adds odd lines with the right hash is found: it is verified on, and lists are read."""
    folder = made(tmp_path, 3)
    path = max(folder.glob("*.jsonl"))
    last = json.loads(path.read_text().splitlines()[-1])
    text = f'{{"seq": {last["seq"] + 1}, {forged}'
    digest = hashlib.sha256((last["hash"] + text).encode()).hexdigest()
    path.write_text(f'{path.read_text()}{text}, "hash": "{digest}"}}\n')
    found = Verifier(None).walk(folder).broken
    assert found is not None
    assert (found.fault, found.line_no) == (Fault.UNREADABLE, last["seq"] + 1)
    wanted = Criteria(date(2000, 1, 1), date(2100, 1, 1), banks=frozenset({"0102"}))
    assert len(list(lines_of_chains([folder], wanted))) == 7


@pytest.mark.parametrize("odd", ['"days": [5]', '"days": 5', '"arguments": 5', '"arguments": {"banks": 5}'])
def test_a_list_does_not_fall_over_a_forged_line(tmp_path: Path, odd: str) -> None:
    """``fep audit log`` shows what it can read, whatever stands there."""
    folder = made(tmp_path, 1)
    path = max(folder.glob("*.jsonl"))
    text = f'{{"seq": 99, "at": "2026-11-22T10:00:00.000+08:00", "kind": "money", "bank_code": "0102", {odd}'
    path.write_text(f'{path.read_text()}{text}, "hash": "{"0" * 64}"}}\n')
    wanted = Criteria(date(2000, 1, 1), date(2100, 1, 1), frozenset({"money"}), frozenset({"0102"}))
    assert len(list(lines_of_chains([folder], wanted))) == 3


def test_a_forged_beginning_is_found(tmp_path: Path) -> None:
    """Whoever moves the sealed files away and writes the rest anew cannot say that it follows the seal."""
    folder = made(tmp_path, 2)
    sealed, rest = sorted(folder.glob("*.jsonl"))
    seal = json.loads(sealed.read_text().splitlines()[-1])
    sealed.unlink()
    witnessed = {f"_{seal['seq']}": seal["hash"]}
    assert broken(folder, **witnessed) is None
    lines = rest.read_text().splitlines()[:-1]  # without the seal, which he cannot make
    lines[0] = lines[0].replace(seal["hash"], "f" * 64)
    rehashed(lines, 0, "f" * 64)
    rest.write_text("".join(f"{line}\n" for line in lines))
    assert broken(folder, **witnessed) == (Fault.NOT_AS_WITNESSED, rest.name, 1, seal["seq"] + 1)
