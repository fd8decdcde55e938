"""Seals of audit logs 审计封存: what the database knows of them stays, whatever is given again; on every engine."""

import pytest

from dbgate.books.audit_seals import AuditSeal, record_seals, seals_of
from dbgate.database import Database
from dbgate.reports.snapshots import snapshot

pytestmark = pytest.mark.engine("sqlite", "postgresql", "oracle")

FIRST = AuditSeal("0123456789abcdef", 17, "a" * 64, "host:/var/lib/fep/site/audit/daemon-1")
SECOND = AuditSeal("0123456789abcdef", 40, "b" * 64, "host:/var/lib/fep/site/audit/daemon-1")
OTHER = AuditSeal("00000000000000ff", 3, "c" * 64, "host:/var/lib/fep/site/audit/commands")


def known(database: Database) -> list[tuple[str, int, str, str]]:
    with snapshot(database) as connection:
        return [(seal.chain, seal.line_no, seal.line_hash, seal.place) for seal in seals_of(connection)]


def test_seals_are_kept(empty: Database) -> None:
    """Chain by chain, in the order of their lines."""
    record_seals(empty, [SECOND, FIRST, OTHER], 3.0)
    assert [row[:2] for row in known(empty)] == [
        ("00000000000000ff", 3),
        ("0123456789abcdef", 17),
        ("0123456789abcdef", 40),
    ]


def test_what_is_known_is_not_changed(empty: Database) -> None:
    """A seal that is given again is left as it is, also when it says something else now."""
    record_seals(empty, [FIRST], 3.0)
    record_seals(empty, [AuditSeal(FIRST.chain, FIRST.line_no, "d" * 64, "elsewhere"), SECOND], 3.0)
    assert known(empty) == [
        (FIRST.chain, 17, "a" * 64, FIRST.place),
        (SECOND.chain, 40, "b" * 64, SECOND.place),
    ]
