"""Registry of dialects 方言注册表: a bank's file names one of these, or a form of one that the site has described."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

from protocol.bank_side import BankSide
from protocol.described import DescribedDialect
from protocol.dialect import BankDialect, Dialect
from protocol.dialects.elec02 import description as elec02
from protocol.dialects.iso8583 import description as iso8583
from protocol.dialects.standard.description import FORMAT as STANDARD
from protocol.format import Format
from protocol.options import Option, chosen

DEFAULT: BankDialect = BankSide(STANDARD)
"""The dialect of banks that name none, and of the demonstration."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A format that a site may choose the form of.

    Attributes:
        options: what may be chosen.
        describe: the format in the form that is chosen, of the value of each option.
    """

    options: tuple[Option, ...]
    describe: Callable[..., Format]


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "iso8583": Kind(iso8583.OPTIONS, iso8583.describe),
        "elec02": Kind(elec02.OPTIONS, elec02.describe),
    }
)
"""Every format but the default one by its name. A new format is a new folder beside ``standard`` and a new entry."""


def dialect_of(kind: str, values: Mapping[str, str], name: str) -> Dialect:
    """Return the dialect ``name``: the format ``kind`` in the form that ``values`` choose.

    Raises:
        OptionInvalid: a value is none of the option's, or there is no such option.
    """
    return _dialect_of(kind, tuple(sorted(values.items())), name)


# The same form is the same object: a bank keeps its dialect, and its connections, when the configuration is read again.
@lru_cache(maxsize=64)
def _dialect_of(kind: str, values: tuple[tuple[str, str], ...], name: str) -> Dialect:
    format_ = KINDS[kind].describe(**chosen(KINDS[kind].options, dict(values)))
    return DescribedDialect(replace(format_, name=name))


DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {DEFAULT.name: DEFAULT} | {kind: dialect_of(kind, {}, kind) for kind in KINDS}
)
"""Every dialect by its name, in the form that is usual."""
