"""Registry of dialects 方言注册表: a bank's file names one of these."""

from collections.abc import Mapping
from types import MappingProxyType

from protocol.dialect import Dialect
from protocol.dialects.standard.dialect import StandardDialect

DIALECTS: Mapping[str, Dialect] = MappingProxyType({dialect.name: dialect for dialect in (StandardDialect(),)})
"""Every dialect by its name. A new format is a new folder beside ``standard`` and a new entry here."""
