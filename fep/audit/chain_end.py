"""The end of a chain 链尾: what its last file says to whoever goes on with it; what a crash has left is put aside."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from fep.audit.folders import open_to_read, open_to_write, place_of
from fep.audit.lines import NO_HASH, Kind, counted_of, fields_of, is_configuration, is_seal
from fep.audit.seals import CLEAN, IDLE
from fep.audit.tallies import Tallies, day_of
from fep.durability import sync_folder

_ENDS = frozenset({Kind.COMMAND.value, Kind.KEY_ACT.value})
"""Lines with which a command has ended in order, that has no key for a seal."""

_BEGUN_BYTES_MAX = 1 << 20
"""More than the first line of a file with every bank's unsealed days."""


class ChainUnusable(OSError):
    """What stands in a chain's last file was not written by this program."""


class ChainElsewhere(OSError):
    """The chain was begun in another place: it came here with a copied folder, or a restored one."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a chain stands after a line.

    Attributes:
        chain: its number, by which the database knows it too; random, of 16 hex digits.
        line_no: of the last line; 0 before the first.
        line_hash: of that line, 64 hex digits.
    """

    chain: str
    line_no: int = 0
    line_hash: bytes = NO_HASH


@dataclass(slots=True)
class ChainEnd:
    """How a chain's last file ends, or that there was none.

    Attributes:
        is_clean: its last line is the seal of an orderly end.
        is_sealed: there is nothing behind its last seal, or its first line.
        is_new: it begins now.
        configuration: the settings that it told last.
    """

    place: Place
    size: int = 0
    tallies: Tallies = field(default_factory=Tallies)
    is_clean: bool = True
    is_sealed: bool = True
    is_new: bool = False
    configuration: dict[str, str] = field(default_factory=dict)
    torn: dict[str, Any] = field(default_factory=dict)


def end_of(path: Path) -> ChainEnd | None:
    """Return how a file ends, with what is torn put aside; None when it has not even a whole first line.

    What stands there is believed: ``fep audit verify`` is who doubts it. Raises ChainUnusable for what no crash leaves.
    """
    with open_to_read(path) as file:
        content = file.read()
    lines = content.splitlines(keepends=True)
    size = len(content)
    while lines and fields_of(lines[-1]) is None:
        size -= len(lines.pop())
    if not lines and len(content.rstrip(b"\0")) <= _BEGUN_BYTES_MAX:
        return None
    try:
        found = _read_end(lines, size, place_of(path.parent))
    except (ValueError, LookupError, TypeError, AttributeError):
        raise ChainUnusable(f"{path} is not what was written there") from None
    if size < len(content):
        found.torn = put_aside(path, size)
    return found


def _read_end(lines: Sequence[bytes], size: int, here: str) -> ChainEnd:
    """Read whole lines; ValueError, LookupError, TypeError or AttributeError when they are none of a chain's file."""
    head, last = fields_of(lines[0]), fields_of(lines[-1])
    if head is None or last is None or head["kind"] != Kind.FILE.value:
        raise ValueError("no first line")
    if head["place"] != here:
        raise ChainElsewhere(f"the chain was begun in {head['place']}")
    tallies, configuration = Tallies.read(head["unsealed"]), dict[str, str]()
    for line in lines:
        counted = counted_of(line)
        if counted is not None:
            tallies.add(counted)
        elif is_seal(line):
            tallies.forget(map(day_of, (fields_of(line) or {})["days"]))
        elif is_configuration(line):
            configuration = dict((fields_of(line) or {}).get("settings") or configuration)
    is_seal_last = last["kind"] == Kind.SEAL.value
    is_clean = last["reason"] in {CLEAN, IDLE} if is_seal_last else last["kind"] in _ENDS or len(lines) == 1
    return ChainEnd(
        Place(str(head["chain"]), last["seq"], last["hash"].encode()),
        size,
        tallies,
        is_clean=is_clean,
        is_sealed=is_seal_last or len(lines) == 1,
        configuration=configuration,
    )


def put_aside(path: Path, size: int) -> dict[str, Any]:
    """Move what stands behind ``size`` bytes into a file of its own; return what is told of it."""
    with open(open_to_write(path, os.O_RDWR), "r+b") as file:
        file.seek(size)
        torn = file.read()
        aside = path.with_name(f"{path.stem}.torn-{size}")
        if torn:
            with open(open_to_write(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "wb") as kept:
                kept.write(torn)
                kept.flush()
                os.fsync(kept.fileno())
        file.truncate(size)
        os.fsync(file.fileno())
    if not size:
        path.unlink()
    sync_folder(path.parent)
    told = {"torn_bytes": len(torn), "torn_sha256": sha256(torn).hexdigest(), "torn_file": aside.name}
    return told if torn else {}
