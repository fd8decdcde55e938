"""Cut-off: what a command is told of a day that it closes."""

from datetime import date

import psycopg
import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from dbgate.clearing import ClearingDates
from dbgate.cut_off import CutOff
from dbgate.database import Database
from dbgate.errors import OutcomeUnknown
from tests.dbgate.fixtures import BANK, DAY
from tests.support.databases import stored


@pytest.mark.parametrize("committed", [True, False])
def test_a_day_whose_closing_was_not_confirmed(database: Database, committed: bool) -> None:
    """The caller is told that nobody knows, never that nothing was done; asking again closes that day and no other."""
    cut_off = CutOff(database, ClearingDates())
    cut_off.ensure([BANK])

    def _lose(connection: Connection) -> None:
        if committed:
            connection.connection.dbapi_connection.commit()  # type: ignore[union-attr]
        raise OperationalError("COMMIT", {}, psycopg.errors.AdminShutdown("terminating connection"))

    event.listen(database.money_engine, "commit", _lose)
    with pytest.raises(OutcomeUnknown, match="whether 2026-11-22 of bank 0102 is closed is not known"):
        cut_off.close_day(BANK, DAY)
    event.remove(database.money_engine, "commit", _lose)

    assert stored(database, "SELECT count(*) FROM closings") == [(int(committed),)]
    assert cut_off.close_day(BANK, DAY) == date(2026, 11, 23)
