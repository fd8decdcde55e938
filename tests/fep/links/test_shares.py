"""A link's share of each database: a branch that hangs does not stop the link for the other branches."""

import pytest

from dbgate.errors import DatabaseUnavailable
from dbgate.work import Needs
from tests.support.records import TODAY
from tests.support.rim import Rim, WiredBank, status_found
from tests.system.messages import QUERY, STATUS, query, status

CITY, COUNTY = "0101000001", "0102000001"


@pytest.fixture
def branches(logs: object) -> Rim:
    """A rim over two databases, told by four digits, whose links may have eight requests in work."""
    rim = Rim(link={"in_flight_max": 8})
    rim.services.branch_of = branch_of
    return rim


def branch_of(needs: Needs) -> str | None:
    account_no = needs.account_no or needs.routed_by
    return None if account_no is None else account_no[:4]


def ask(bank: WiredBank, account_no: str, count: int = 1) -> list[str]:
    """Ask about an account so many times and return the codes of what is answered at once."""
    bank.send(*(bank.build(STATUS, status(account_no, 7, TODAY)) for _ in range(count)))
    return [frame.code for frame in bank.frames()]


def test_half_of_a_link_may_wait_for_one_database(branches: Rim) -> None:
    """What is above it is busy at once; another database's requests go on."""
    bank = branches.bank()
    assert ask(bank, CITY, 6) == ["1011", "1011"]
    assert len(branches.gate.works) == bank.link.in_flight == 4
    assert ask(bank, COUNTY, 3) == []
    assert ask(bank, CITY) == ["1011"]


def test_what_is_answered_makes_room(branches: Rim) -> None:
    """Approved or not, and overdue as well."""
    bank = branches.bank()
    ask(bank, CITY, 4)
    branches.gate.finish(status_found())
    branches.gate.finish(DatabaseUnavailable("down"))
    assert [frame.code for frame in bank.frames()] == ["0000", "9001"]
    assert ask(bank, CITY, 3) == ["1011"]
    branches.pass_time(11)
    assert {frame.code for frame in bank.frames()} == {"9001"}
    assert (bank.link.in_flight, ask(bank, CITY, 4)) == (0, [])


def test_a_quarter_may_wait_for_all_databases(branches: Rim) -> None:
    """So that one database that hangs can take three quarters of a link, not all of it."""
    bank = branches.bank()
    bank.send(*(bank.build(QUERY, query("DM1", kind=2)) for _ in range(3)))
    assert [frame.code for frame in bank.frames()] == ["1011"]
    assert ask(bank, CITY, 5) == ["1011"]
    assert ask(bank, COUNTY) == []


def test_every_link_has_shares_of_its_own(branches: Rim) -> None:
    """What one bank waits for does not count for another."""
    first, second = branches.bank(), branches.bank("0103")
    ask(first, CITY, 4)
    assert ask(second, CITY, 4) == []


def test_a_link_for_two_requests(branches: Rim) -> None:
    """The smallest limits leave one request for each."""
    bank = branches.bank()
    shares = type(bank.link.shares)(bank.link, 1)
    assert not shares.of("city").is_full
    assert not shares.of(None).is_full


def test_a_request_that_is_refused_takes_no_share(branches: Rim) -> None:
    """The gate did not take it, so nobody waits."""
    bank = branches.bank()
    branches.gate.refusal = DatabaseUnavailable("closed")
    assert ask(bank, CITY, 6) == ["9001"] * 6
    branches.gate.refusal = None
    assert ask(bank, CITY, 4) == []


def test_with_one_database_a_link_is_not_divided(rim: Rim) -> None:
    """All that it may have in work may wait for it."""
    bank = rim.bank()
    assert ask(bank, CITY, 200) == []
    assert bank.link.in_flight == 200
