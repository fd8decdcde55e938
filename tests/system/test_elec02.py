"""A bank that speaks ELEC02: what its sheet has and no other format, on the daemon's port for it. ELEC02 端到端"""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.protocol.dialects.elec02.frames import head
from tests.system.conftest import Site
from tests.system.tellers.bank import FORMATS, Bank, start
from tests.system.tellers.elec02 import Elec02Teller


@pytest.fixture(scope="module")
def site(make_site: Callable[[], Site], secrets: set[str]) -> Iterator[Site]:
    """A site whose daemon knows the bank."""
    site = make_site()
    Bank(site, FORMATS["elec02"])
    start(site)
    yield site
    site.close(secrets)


@pytest.fixture
def teller(site: Site) -> Elec02Teller:
    """The bank's program: one exchange on each connection."""
    return Elec02Teller(site.daemon.port + FORMATS["elec02"].port_offset)


@pytest.mark.parametrize("change", ["fewer", "more", "dearer", "other"])
def test_the_bills_must_be_those_that_are_open(site: Site, teller: Elec02Teller, change: str) -> None:
    """A payment that lists other bills than the open ones, or other amounts, is refused: query again."""
    shown = teller.query(site.take("owing").account_no)
    first, *others = shown.bills
    listed = {
        "fewer": others,
        "more": [*shown.bills, replace(first, bill_no="TB99999999")],
        "dearer": [replace(first, late_fee_fen=first.late_fee_fen + 1), *others],
        "other": [replace(first, bill_no="TB99999999"), *others],
    }[change]

    refused = teller.ask(teller.settle(replace(shown, bills=tuple(listed)), amount_fen=shown.payable_fen))

    assert refused.means == {"2003"}
    assert teller.query(shown.account_no).bills == shown.bills
    assert teller.ask(teller.settle(shown)).is_approved


def test_a_payment_names_its_query(site: Site, teller: Elec02Teller) -> None:
    """A payment that names no query, or that of another customer, is refused."""
    shown, other = (teller.query(site.take("owing").account_no) for _ in range(2))

    for reference in ("123456789012", other.reference):
        refused = teller.ask(teller.settle(replace(shown, reference=reference)))
        assert refused.means == {"2003"}


def test_frames_that_are_none(teller: Elec02Teller) -> None:
    """A message that does not exist, one that is too short, a node that nobody knows."""
    assert teller.exchange(head("77")) == ("59", b"")
    assert teller.exchange(head("10") + b"short") == ("13", b"")
    assert teller.exchange(head("10", node="999")) == ("0f", b"")
