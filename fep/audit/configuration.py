"""Configuration in the audit log 配置变更: the digest of each file, and every setting by its name.

Secrets are no settings: the configuration holds references to them, and those are told.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import file_digest
from pathlib import Path
from typing import Any

from fep.config.configuration import BANKS_FOLDER
from fep.config.settings import Settings

_OWN = ("fep.config.", "handlers.")
"""Where settings are described; what comes from elsewhere is told by its name."""

_LEFT_OUT = frozenset({"directory", "file_name"})


def settings_told(settings: Settings) -> dict[str, str]:
    """Return every setting as text, by the path of its name: ``link.frame_timeout``, ``banks.0102.cut_off``."""
    return {name: text for name, text in _told(settings, "") if name not in _LEFT_OUT}


def files_told(settings: Settings) -> dict[str, str]:
    """Return the SHA-256 of each file of the configuration, of the certificates that it names, and of the key store.

    It is empty for one that cannot be read.
    """
    directory = settings.directory
    paths = [directory / settings.file_name, *sorted((directory / BANKS_FOLDER).glob("*.toml"))]
    for tls in settings.listener.tls.values():
        paths += [path for path in (tls.certificate, tls.client_ca) if path is not None]
    return {_name(path, directory): _digest(path) for path in paths} | {
        settings.keys.store.name: _digest(directory / settings.keys.store)
    }


def changes_told(former: Mapping[str, str], present: Mapping[str, str]) -> dict[str, list[str | None]]:
    """Return the settings that differ, each with its old and new text; None where there was none."""
    return {
        name: [former.get(name), present.get(name)]
        for name in sorted(former.keys() | present.keys())
        if former.get(name) != present.get(name)
    }


def _name(path: Path, directory: Path) -> str:
    """Return the path, from the configuration's own folder on where it stands in there."""
    return str(path.relative_to(directory) if path.is_relative_to(directory) else path)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _told(value: Any, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, bytes):  # a secret that was derived for this run
        return
    if _is_record(value) and type(value).__module__.startswith(_OWN):
        for each in fields(value):
            if each.repr:
                yield from _told(getattr(value, each.name), f"{name}.{each.name}" if name else each.name)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _told(item, f"{name}.{_text(key)}")
    elif isinstance(value, tuple) and any(map(_is_record, value)):
        for place, item in enumerate(value, 1):
            yield from _told(item, f"{name}[{place}]")
    else:
        yield name, _text(value)


def _is_record(value: Any) -> bool:
    """Tell whether a value has fields and no text of its own; an address has one."""
    return is_dataclass(value) and "__str__" not in vars(type(value))


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, frozenset | set):
        return ", ".join(sorted(map(_text, value)))
    if isinstance(value, tuple | list):
        return ", ".join(map(_text, value))
    return str(value) if isinstance(value, Path) else str(getattr(value, "name", value))
