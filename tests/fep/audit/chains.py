"""Chains of the audit log for tests: made, walked, and checked by hand. 审计链测试工具"""

from pathlib import Path

from fep.audit.chain import Chain
from fep.audit.lines import Counted, Kind, entry
from fep.audit.seals import SealKey
from tests.support.audit_logs import verified_by_hand

KEY = SealKey(b"a key of thirty-two bytes for us")
OTHER_KEY = SealKey(b"another key of thirty-two bytes!")


def money(serial: int, amount_fen: int = 100, bank_code: str = "0102", day: str = "20261122", txn: str = "pay"):
    """Return the entry of a payment."""
    text = (
        f'"at": "2026-11-22T10:00:00.000+08:00", "kind": "money", "counted": "{txn}", "clearing_date": "{day}", '
        f'"amount_fen": {amount_fen}, "bank_code": "{bank_code}", "transaction": "{txn}", "fep_serial": "{serial:012d}"'
    )
    return text, Counted(bank_code, day, txn, amount_fen)


def act(what: str):
    """Return the entry of an operator's act."""
    return entry(Kind.OPERATOR_ACT, {"operator": "li", "act": what})


def made(directory: Path, count: int = 5, *, name: str = "daemon-1") -> Path:
    """Make a chain of ``count`` payments between a day's seal and an orderly end; return its folder."""
    chain = Chain.of_slot(directory, name.partition("-")[0])
    chain.opened({"by": "test"})
    chain.append([money(serial) for serial in range(1, count + 1)])
    chain.seal(KEY, "cut_off", [("0102", "20261122")])
    chain.append([money(serial, day="20261123") for serial in range(count + 1, 2 * count + 1)])
    chain.seal(KEY, "stop")
    chain.close()
    return chain.folder


def lines_of(folder: Path) -> list[str]:
    """Return all lines of a chain, without their ends."""
    return [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]


__all__ = ["KEY", "OTHER_KEY", "act", "lines_of", "made", "money", "verified_by_hand"]
