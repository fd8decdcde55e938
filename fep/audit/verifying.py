"""Verifying 校验: walks a chain from its first line to its last and finds the first link that does not hold.

What a crash leaves is no break: it is told as a notice. Whoever has cut off the newest lines is found by the seals that
the database keeps; what was written behind the last of them, by the movements alone (``fep.audit.movement_check``).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from fep.audit.faults import Break, Fault
from fep.audit.folders import chain_files, first_line_of, is_held, open_to_read
from fep.audit.lines import NO_HASH, TAIL_BYTES, Kind, begins_as_line, counted_of, fields_of
from fep.audit.seals import SealKey, key_of, parts_of
from fep.audit.tallies import Tallies, day_of
from fep.language import Text

LOOK_AHEAD = 1_000
"""Lines in which one that is missing is looked for, to tell a changed order from a removed line."""

_HEAD_BYTES = 110
"""In so many stands the kind of a line."""

_MONEY = b'"kind": "money"'
_READ = tuple(b'"kind": "%s"' % kind.value.encode() for kind in (Kind.SEAL, Kind.OPENED, Kind.LOST))

OnMoney = Callable[[bytes], object]


@dataclass(slots=True)
class Walked:
    """What a chain says, as far as it holds.

    Attributes:
        chain: its number.
        first_line, last_line: numbers of the first and last line that hold; 0 and 0 of an empty chain.
        first_at, last_at: of those, as they stand there.
        day_count: days that are sealed.
        seal_line, seal_at: of the last seal; 0 and nothing before the first.
        notices: what somebody should know, and what is no break.
    """

    folder: Path
    chain: str = ""
    file_count: int = 0
    first_line: int = 0
    last_line: int = 0
    first_at: str = ""
    last_at: str = ""
    day_count: int = 0
    seal_line: int = 0
    seal_at: str = ""
    is_written: bool = False
    notices: list[Text] = field(default_factory=list)
    broken: Break | None = None

    @property
    def line_count(self) -> int:
        """Lines that hold."""
        return self.last_line - self.first_line + 1 if self.last_line else 0


class _Broken(Exception):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class Verifier:
    """Walks chains.

    Args:
        keys: of seals; None: their MACs are not looked at.
        witnesses: by chain, the hash of each line that the database knows, by its number.
        on_money: is shown each line of a movement that holds.
    """

    def __init__(
        self,
        keys: Sequence[SealKey] | None,
        witnesses: Mapping[str, Mapping[int, str]] | None = None,
        on_money: OnMoney | None = None,
    ) -> None:
        self._keys = keys
        self._witnesses = witnesses or {}
        self._on_money = on_money

    def walk(self, folder: Path, since: date | None = None) -> Walked:
        """Walk the chain in a folder, from the file that has this day's first lines on.

        Raises:
            OSError: a file cannot be read.
        """
        walked = Walked(folder, is_written=is_held(folder))
        files = chain_files(folder) if since is None else _since(chain_files(folder), since)
        _Walk(self._keys, self._witnesses, self._on_money, walked).through(files)
        return walked


class _Walk:
    """One walk through one chain."""

    def __init__(
        self,
        keys: Sequence[SealKey] | None,
        witnesses: Mapping[str, Mapping[int, str]],
        on_money: OnMoney | None,
        walked: Walked,
    ) -> None:
        self._keys = keys
        self._all_witnesses = witnesses
        self._witnesses: Mapping[int, str] = {}
        self._on_money = on_money
        self._walked = walked
        self._tallies = Tallies()
        self._before = NO_HASH
        self._due = 1
        self._last = b""

    def through(self, files: Sequence[Path]) -> None:
        """Walk through the files, up to the first link that does not hold."""
        walked = self._walked
        for path in files:
            file_line = 0
            try:
                self._enter(path, is_first=path is files[0])
                with open_to_read(path) as file:
                    for file_line, line in enumerate(file, 1):
                        if not line.endswith(b"\n") and path is files[-1]:
                            self._torn()
                            break
                        self._step(line, file, is_first_of_file=file_line == 1)
            except _Broken as broken:
                walked.broken = Break(broken.fault, path, file_line, self._due)
                break
            walked.file_count += 1
        walked.last_at = _at(self._last)
        if walked.broken is None:
            self._end()

    def _enter(self, path: Path, *, is_first: bool) -> None:
        """Look whether a file begins where the one before it has ended."""
        begins = first_line_of(path)
        if is_first and begins > 1:
            self._due = begins
            self._walked.notices.append(
                Text(f"begins with line {begins}: what was before is elsewhere", f"自第 {begins} 行起: 此前的已归档")
            )
        elif begins > self._due:
            raise _Broken(Fault.FILE_MISSING)
        elif begins < self._due:
            raise _Broken(Fault.FILE_OUT_OF_PLACE)

    def _step(self, line: bytes, file: Iterator[bytes], *, is_first_of_file: bool) -> None:
        """Look at one line, which must be the one that is due."""
        head = line[:-TAIL_BYTES]
        if is_first_of_file:
            self._begin_file(line, file)
        digest = sha256(self._before + head).hexdigest().encode()
        if not (line.endswith(b', "hash": "' + digest + b'"}\n') and line.startswith(b'{"seq": %d, ' % self._due)):
            raise _Broken(self._why(line, file))
        if not begins_as_line(line):
            raise _Broken(Fault.UNREADABLE)
        beginning = line[:_HEAD_BYTES]
        if _MONEY in beginning:
            counted = counted_of(line)
            if counted is not None:
                self._tallies.add(counted)
            if self._on_money is not None:
                self._on_money(line)
        elif any(kind in beginning for kind in _READ):
            try:
                self._read(line, head)
            except (LookupError, TypeError, ValueError):  # its hash anybody can make
                raise _Broken(Fault.UNREADABLE) from None
        known = self._witnesses.get(self._due)
        if known is not None and known.encode() != digest:
            raise _Broken(Fault.NOT_AS_WITNESSED)
        walked = self._walked
        if not walked.first_line:
            walked.first_line, walked.first_at = self._due, _at(line)
        walked.last_line, self._last = self._due, line
        self._before = digest
        self._due += 1

    def _begin_file(self, line: bytes, file: Iterator[bytes]) -> None:
        """Take from the first line of a file what was before it, where that is elsewhere."""
        said = fields_of(line)
        if said is None or said.get("kind") != Kind.FILE.value:
            raise _Broken(self._why(line, file))
        if not self._walked.first_line:
            try:
                self._tallies = Tallies.read(said["unsealed"])
                self._walked.chain = str(said["chain"])
                self._before = str(said["after"]).encode() if self._due > 1 else NO_HASH
            except (LookupError, TypeError, ValueError):
                raise _Broken(Fault.UNREADABLE) from None
            self._witnesses = self._all_witnesses.get(self._walked.chain, {})
            known = self._witnesses.get(self._due - 1)
            if known is not None and known.encode() != self._before:
                raise _Broken(Fault.NOT_AS_WITNESSED)

    def _read(self, line: bytes, head: bytes) -> None:
        """Look at what a line says that is of a kind to be read."""
        said = fields_of(line)
        if said is None:
            raise _Broken(Fault.UNREADABLE)
        kind = said.get("kind")
        if kind == Kind.SEAL.value:
            self._seal(said, head)
        elif kind == Kind.OPENED.value:
            self._opened(said)
        elif kind == Kind.LOST.value:
            self._note(said, f"{said['count']} lines could not be written", f"{said['count']} 行未能写入")

    def _seal(self, said: Mapping[str, Any], head: bytes) -> None:
        parts = parts_of(head)
        if parts is None:
            raise _Broken(Fault.SEAL_WRONG)
        if self._keys is not None:
            key = key_of(parts.key_number, self._keys)
            if key is None:
                raise _Broken(Fault.SEAL_KEY)
            if not key.fits(self._before, parts):
                raise _Broken(Fault.SEAL_WRONG)
        days = [day_of(each) for each in said["days"]]
        if said["chain"] != self._walked.chain or said["days"] != self._tallies.told(days):
            raise _Broken(Fault.SEAL_COUNTS)
        self._tallies.forget(days)
        self._walked.day_count += len(days)
        self._walked.seal_line, self._walked.seal_at = self._due, str(said["at"])

    def _opened(self, said: Mapping[str, Any]) -> None:
        if said.get("torn_bytes"):
            bytes_, name = said["torn_bytes"], said["torn_file"]
            self._note(
                said, f"a crash had left {bytes_} bytes, now in {name}", f"异常退出残留 {bytes_} 字节, 在 {name}"
            )
        elif said.get("after") == "crash":
            self._note(said, "the writer before had not ended in order", "此前的写入进程异常退出")

    def _note(self, said: Mapping[str, Any], en: str, zh: str) -> None:
        where = f"line {self._due}, {said['at']}"
        self._walked.notices.append(Text(f"{where}: {en}", f"第 {self._due} 行, {said['at']}: {zh}"))

    def _torn(self) -> None:
        """The last line is not whole: it is being written, or a crash has left it so."""
        if not self._walked.is_written:
            self._walked.notices.append(
                Text(
                    f"ends with half a line behind line {self._due - 1}: a crash, or lines cut off",
                    f"第 {self._due - 1} 行之后有不完整的行: 异常退出, 或被截断",
                )
            )

    def _end(self) -> None:
        """Look whether the chain is as long as the database knows."""
        later = [line_no for line_no in self._witnesses if line_no >= self._due]
        if later:
            files = chain_files(self._walked.folder)
            path = files[-1] if files else self._walked.folder
            self._walked.broken = Break(Fault.TRUNCATED, path, 0, min(later))

    def _why(self, line: bytes, rest: Iterator[bytes]) -> Fault:
        """Return why a line is not the one that is due."""
        said = fields_of(line)
        if said is None:
            return Fault.UNREADABLE
        line_no = said["seq"]
        if line_no > self._due:
            ahead = (fields_of(each) for each in islice(rest, LOOK_AHEAD))
            is_there = any(each is not None and each["seq"] == self._due for each in ahead)
            return Fault.OUT_OF_ORDER if is_there else Fault.MISSING
        return Fault.INSERTED if line_no < self._due else Fault.CHANGED


def _at(line: bytes) -> str:
    """Return when a line was written, as it stands there; nothing for no line."""
    return str((fields_of(line) or {}).get("at", ""))


def _since(files: list[Path], since: date) -> list[Path]:
    """Return the files from the last one on that was begun before a day."""
    first = 0
    for place, path in enumerate(files):
        with open_to_read(path) as file:
            said = fields_of(file.readline())
        if said is not None and str(said["at"])[:10] < since.isoformat():
            first = place
    return files[first:]
