"""Audited commands 须留痕的命令: which commands stand in the audit log, and which only look.

Acts at a running daemon (``fep link close``, ``fep bank suspend``, ``fep tail`` …) are told by the daemon.
"""

from collections.abc import Mapping
from types import MappingProxyType

from fep.audit.lines import Kind

AUDITED: Mapping[str, Kind] = MappingProxyType(
    {
        "load": Kind.COMMAND,
        "recon run": Kind.COMMAND,
        "recon post": Kind.COMMAND,
        "recon refund": Kind.COMMAND,
        "recon undo": Kind.COMMAND,
        "recon claim": Kind.COMMAND,
        "recon close": Kind.COMMAND,
        "recon approve": Kind.COMMAND,
        "recon reject": Kind.COMMAND,
        "debit mandates": Kind.COMMAND,
        "debit export": Kind.COMMAND,
        "debit import": Kind.COMMAND,
        "debit release": Kind.COMMAND,
        "debit approve": Kind.COMMAND,
        "push retry": Kind.COMMAND,
        "push drop": Kind.COMMAND,
        "push approve": Kind.COMMAND,
        "push reject": Kind.COMMAND,
        "day close": Kind.COMMAND,
        "partner notify": Kind.COMMAND,
        "balances apply": Kind.COMMAND,
        "db upgrade": Kind.COMMAND,
        "keys generate": Kind.KEY_ACT,
        "keys import": Kind.KEY_ACT,
        "keys export": Kind.KEY_ACT,
        "keys activate": Kind.KEY_ACT,
        "keys retire": Kind.KEY_ACT,
        "keys remove": Kind.KEY_ACT,
        "keys approve": Kind.KEY_ACT,
        "keys reject": Kind.KEY_ACT,
        "keys reseal": Kind.KEY_ACT,
        "keys journal": Kind.KEY_ACT,
    }
)
"""By the words of the command; ``keys`` commands are not done when they cannot be told."""

NOT_AUDITED = frozenset(
    {
        "run",  # the daemon tells of itself
        "init",  # there is no site yet
        "demo",
        "keys make-master",  # of no site: a store takes it by keys reseal
        "link close",
        "bank suspend",
        "bank resume",
        "tail",
    }
)
"""Of those that do something, the ones that the log has by other ways, or that have no log."""
