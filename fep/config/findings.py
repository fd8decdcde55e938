"""Findings 检查结果: what is wrong with a configuration, all of it at once, each with file and key."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from fep.key_like import without_keys
from fep.language import Text

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: in which file, at which key (empty: the file itself), and what to do about it."""

    file: Path
    key: str
    text: Text

    def __str__(self) -> str:
        said = f"{self.key}: {self.text}" if self.key else str(self.text)
        return f"{self.file}: {without_keys(said)}"


class ConfigInvalid(Exception):
    """The configuration cannot be used 配置错误; ``findings`` are all that was found, in order of files."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(self.findings)

    def __str__(self) -> str:
        return "\n".join(map(str, self.findings))


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: its file and its dotted key, as in ``link.frame_timeout``."""

    file: Path
    key: str = ""

    def child(self, name: str) -> "Place":
        """Return the place of the key ``name`` in the table that stands here."""
        return Place(self.file, f"{self.key}.{name}" if self.key else name)

    def item(self, number: int) -> "Place":
        """Return the place of the ``number``-th item, from 1, of the list that stands here."""
        return Place(self.file, f"{self.key}[{number}]")

    def unfit(self, en: str, zh: str) -> ConfigInvalid:
        """Return the error that says this of what stands here."""
        return ConfigInvalid([Finding(self.file, self.key, Text(en, zh))])


class Gathering:
    """Several attempts, of which each may fail: the findings of all are reported together."""

    def __init__(self) -> None:
        self._findings: list[Finding] = []

    def attempt(self, read: Callable[[], Value]) -> Value | None:
        """Return what ``read`` gives, None when it had findings, which are kept."""
        try:
            return read()
        except ConfigInvalid as error:
            self.add(error)
            return None

    def add(self, error: ConfigInvalid) -> None:
        """Keep the findings of ``error``."""
        self._findings += error.findings

    def close(self) -> None:
        """Raise ConfigInvalid when anything was found."""
        if self._findings:
            raise ConfigInvalid(self._findings)
