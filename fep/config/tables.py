"""Tables 配置表: TOML tables read into dataclasses, whose fields are the keys, with their types and defaults.

One declarative description serves reading, checking and documentation: ``table(LinkSettings)`` knows every key of
``[link]``. A key that no field has is a finding that names the nearest one.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from datetime import time
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

from fep.config.converters import Convert, choice, expected, flag, line, relative_path, seconds, wall_clock, whole
from fep.config.findings import ConfigInvalid, Gathering, Place

_WHOLE_MAX = 2**31 - 1
_DAY_SECONDS = 86_400

_BY_TYPE: Mapping[object, Convert] = {
    bool: flag,
    int: whole(1, _WHOLE_MAX),
    float: seconds(0.001, _DAY_SECONDS),
    str: line(),
    time: wall_clock,
    Path: relative_path,
}
"""What a field of this type takes when its table says nothing else."""


class Table:
    """How one TOML table becomes one dataclass; call it with the value and its place.

    Args:
        make: the dataclass.
        keys: names of keys that differ from the field's, by field.
        converters: what a field takes that is not told by its type, by field.

    Attributes:
        converters: what the value of each key becomes, by key.
    """

    def __init__(
        self, make: Callable[..., Any], keys: Mapping[str, str] | None = None, /, **converters: Convert
    ) -> None:
        self._make = make
        hints = get_type_hints(make)
        names = keys or {}
        if strangers := {*names, *converters} - {field.name for field in fields(cast("Any", make))}:
            raise TypeError(f"{make} has no field {', '.join(sorted(strangers))}")
        self._fields: dict[str, Field[Any]] = {
            names.get(field.name, field.name): field for field in fields(cast("Any", make))
        }
        self.converters = {
            key: converters.get(field.name) or _converter_of(hints[field.name]) for key, field in self._fields.items()
        }

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys that the table may have."""
        return tuple(self._fields)

    def __call__(self, value: object, place: Place) -> Any:
        """Return the dataclass that the table stands for."""
        if not isinstance(value, dict):
            raise expected(place, f"a table [{place.key}]", f"表 [{place.key}]", value)
        gathering = Gathering()
        for name in value:
            if name not in self._fields:
                gathering.add(unknown_key(place.child(name), name, self.keys))
        for name, field in self._fields.items():
            if name not in value and field.default is MISSING and field.default_factory is MISSING:
                gathering.add(place.child(name).unfit("missing; it has no default", "缺少该项, 且无默认值"))
        values = {
            self._fields[name].name: gathering.attempt(
                lambda name=name, item=item: self.converters[name](item, place.child(name))  # type: ignore[misc]
            )
            for name, item in value.items()
            if name in self._fields
        }
        gathering.close()
        return self._make(**values)


def mapping(convert_key: Convert, convert_value: Convert) -> Convert:
    """Take a table whose keys are data, as in ``[rules.pay_window.<supply_branch>]``."""

    def convert(value: object, place: Place) -> Mapping[Any, Any]:
        if not isinstance(value, dict):
            raise expected(place, f"a table [{place.key}]", f"表 [{place.key}]", value)
        gathering = Gathering()
        result = {}
        for name, item in value.items():
            where = place.child(name)
            key = gathering.attempt(lambda name=name, where=where: convert_key(name, where))  # type: ignore[misc]
            result[key] = gathering.attempt(
                lambda item=item, where=where: convert_value(item, where)  # type: ignore[misc]
            )
        gathering.close()
        return MappingProxyType(result)

    return convert


def unknown_key(place: Place, name: str, known: tuple[str, ...]) -> ConfigInvalid:
    """Return the error for a key that does not exist, with the nearest that does."""
    nearest = get_close_matches(name, known, n=1, cutoff=0.0)[0]
    return place.unfit(f"unknown key; the nearest known one is '{nearest}'", f"未知配置项; 最接近的是 '{nearest}'")


def _converter_of(hint: object) -> Convert:
    """Return the converter for a type; a dataclass is a table of its own."""
    if get_origin(hint) is UnionType:  # ``int | None``: TOML has no null, so None is a key that is absent
        hint = next(part for part in get_args(hint) if part is not NoneType)
    if get_origin(hint) is Literal:
        return choice(get_args(hint))
    if hint in _BY_TYPE:
        return _BY_TYPE[hint]
    return Table(cast("Callable[..., Any]", hint))
