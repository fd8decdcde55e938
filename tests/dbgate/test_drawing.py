"""Drawing numbers for what is no money work."""

from pathlib import Path

import pytest

from dbgate.database import Database
from dbgate.drawing import draw_fep_serials
from dbgate.errors import DatabaseUnavailable


def test_no_number_is_drawn_twice(empty: Database) -> None:
    """Numbers of two drawings differ and begin with the number of the database."""
    drawn = draw_fep_serials(empty, 3) + draw_fep_serials(empty, 2)
    assert drawn == [10_000_000_001 + index for index in range(5)]


def test_database_without_schema_is_unavailable(engine: str, url: str) -> None:
    """What the driver says is not shown; that no number was drawn is."""
    if engine == "sqlite":
        Path(url.removeprefix("sqlite:///")).touch()
    database = Database(url)
    with pytest.raises(DatabaseUnavailable, match="no serial numbers were drawn"):
        draw_fep_serials(database, 1)
    database.dispose()
