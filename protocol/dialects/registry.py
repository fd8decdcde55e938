"""Registry of dialects 方言注册表: a bank's file names one of these."""

from collections.abc import Mapping
from types import MappingProxyType

from protocol.bank_side import BankSide
from protocol.described import DescribedDialect
from protocol.dialect import BankDialect, Dialect
from protocol.dialects.elec02.description import FORMAT as ELEC02
from protocol.dialects.standard.description import FORMAT as STANDARD

DEFAULT: BankDialect = BankSide(STANDARD)
"""The dialect of banks that name none, and of the demonstration."""

DIALECTS: Mapping[str, Dialect] = MappingProxyType(
    {dialect.name: dialect for dialect in (DEFAULT, DescribedDialect(ELEC02))}
)
"""Every dialect by its name. A new format is a new folder beside ``standard`` and a new entry here."""
