"""Stored texts 留存文本: what the gate sends to each engine, for a DBA to review and for a change to be seen.

``statements/<engine>.txt`` has every statement of the gate, with two keys where it takes many; ``ddl/<engine>.sql`` is
what ``fep db upgrade --sql`` prints. Renew them all after a change::

    python -m tests.dbgate.stored_texts
"""

import re
from pathlib import Path

from sqlalchemy import Dialect
from sqlalchemy.dialects.oracle.oracledb import dialect as oracle
from sqlalchemy.dialects.postgresql.psycopg import dialect as postgresql
from sqlalchemy.dialects.sqlite.pysqlite import dialect as sqlite

from dbgate import branches, bulk, loading, schema  # noqa: F401 - importing them registers every statement
from dbgate.backends.registry import BACKENDS
from dbgate.books import acts, audit_seals, balances, day_rows, debit_lists, due_pushes, push_book, reconciling  # noqa: F401 - these too
from dbgate.prepared import Prepared
from dbgate.tables import invoice_prints, payments

RENEW = "python -m tests.dbgate.stored_texts"
DIALECTS: dict[str, Dialect] = {"oracle": oracle(), "postgresql": postgresql(), "sqlite": sqlite()}

FOLDER = Path(__file__).parent
_OF_DAYS = re.compile(r"_of_\d+_days$")
_OF_TESTS = ("t_", "test_")
_BY_SLOTS = {"count_slots", "hold_slots", "insert_slots", "take_slots"}
_SHARED = {"hold_days"}


def statements(engine: str) -> dict[str, str]:
    """Return the statements that the gate may send to ``engine``, by name."""
    unused = _BY_SLOTS if BACKENDS[engine].has_shared_locks else _SHARED
    dialect = DIALECTS[engine]
    texts = {}
    for prepared in _of_the_gate():
        if prepared.name not in unused:
            texts[prepared.name] = prepared.text(dialect)
            if (text := prepared.text_of_one(dialect)) != texts[prepared.name]:
                texts[f"{prepared.name} of one row"] = text
    return texts


def _of_the_gate() -> list[Prepared]:
    # Made when they are first wanted, for each number of (bank, date) groups: two show what they look like.
    wanted = ((payments, False), (payments, True), (invoice_prints, False))
    by_identity = [loading._by_identity(table, 2, locked=locked) for table, locked in wanted]
    others = [each for each in Prepared.all() if not each.name.startswith(_OF_TESTS) and not _OF_DAYS.search(each.name)]
    return sorted([*by_identity, *others], key=lambda each: each.name)


def statements_text(engine: str) -> str:
    """Return the content of ``statements/<engine>.txt``."""
    return "\n".join(f"-- {name}\n{_trimmed(text)}\n" for name, text in statements(engine).items())


def ddl_text(engine: str) -> str:
    """Return the content of ``ddl/<engine>.sql``."""
    return _trimmed(schema.offline_sql(engine)) + "\n"


PATHS = [
    *(FOLDER / "statements" / f"{engine}.txt" for engine in DIALECTS),
    *(FOLDER / "ddl" / f"{engine}.sql" for engine in DIALECTS),
]


def text_of(path: Path) -> str:
    """Return what one of ``PATHS`` should hold."""
    return (statements_text if path.suffix == ".txt" else ddl_text)(path.stem)


def stored_statements(engine: str) -> set[str]:
    """Return the normal forms of the statements in ``statements/<engine>.txt``."""
    text = (FOLDER / "statements" / f"{engine}.txt").read_text(encoding="utf-8")
    return {normal_form(part.partition("\n")[2]) for part in text.split("-- ")[1:]}


def normal_form(text: str) -> str:
    """Return a statement without what varies: sizes of lists, numbers of groups, line breaks."""
    text = re.sub(r"(:\d+|\?)", "?", " ".join(text.split()))
    text = re.sub(r"IN \(\?(, \?)*\)", "IN (…)", text)
    return re.sub(r"(\w+\.bank_code = \? AND \w+\.bank_date = \? AND \w+\.bank_serial IN \(…\))( OR \1)+", r"\1", text)


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


if __name__ == "__main__":
    for each in PATHS:
        each.write_text(text_of(each), encoding="utf-8")
