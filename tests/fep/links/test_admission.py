"""Admission: how many connections there may be, and how long a peer whose sign-ins fail is kept out."""

from ipaddress import ip_address

import pytest

from fep.config.settings import ListenerSettings
from fep.links.admission import (
    FORGOTTEN_S,
    FREE_FAILURES,
    PEERS_MAX,
    WAIT_S_MAX,
    WAIT_WITH_LINKS_S_MAX,
    Admission,
)

PEER, OTHER = ip_address("10.0.0.1"), ip_address("10.0.0.2")
LIMITS = ListenerSettings(connections_max=5, connections_per_address_max=2)


@pytest.fixture
def admission() -> Admission:
    return Admission()


def failed(admission: Admission, count: int, now: float = 0.0) -> None:
    for _ in range(count):
        admission.failed(PEER, now)


def test_so_many_connections_of_one_address(admission: Admission) -> None:
    """One more is refused; another address is not concerned, and what is closed is not counted any more."""
    admission.opened(PEER)
    admission.opened(PEER)
    assert admission.refusal(PEER, LIMITS, 0.0) == "connections_per_address_max"
    assert admission.refusal(OTHER, LIMITS, 0.0) is None

    admission.closed(PEER)
    assert admission.refusal(PEER, LIMITS, 0.0) is None


def test_so_many_connections_in_all(admission: Admission) -> None:
    """From wherever they come."""
    for number in range(5):
        admission.opened(ip_address(f"10.0.1.{number}"))
    assert admission.refusal(OTHER, LIMITS, 0.0) == "connections_max"
    assert admission.count == 5


def test_failures_cost_time(admission: Admission) -> None:
    """Some are free; then each one doubles the wait, up to a minute; another address is not concerned."""
    failed(admission, FREE_FAILURES)
    assert admission.refusal(PEER, LIMITS, 0.0) is None

    for number, wait_s in enumerate([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, WAIT_S_MAX, WAIT_S_MAX]):
        now = 100.0 * number
        admission.failed(PEER, now)
        assert admission.refusal(PEER, LIMITS, now + wait_s - 0.01) == "sign_in_failures"
        assert admission.refusal(PEER, LIMITS, now + wait_s) is None
        assert admission.refusal(OTHER, LIMITS, now) is None


def test_a_sign_in_wipes_the_slate(admission: Admission) -> None:
    """Whoever has shown that he has the keys is a bank; to have signed in is not enough."""
    failed(admission, FREE_FAILURES + 5)
    admission.signed_in(PEER)
    assert admission.refusal(PEER, LIMITS, 0.0) == "sign_in_failures"
    admission.proven(PEER)
    assert admission.refusal(PEER, LIMITS, 0.0) is None
    failed(admission, FREE_FAILURES)
    assert admission.refusal(PEER, LIMITS, 0.0) is None


def test_an_address_with_links_waits_a_second_at_most(admission: Admission) -> None:
    """Behind one address stand many front-ends: one that is wrongly set up does not keep the others out for long."""
    admission.signed_in(PEER)
    failed(admission, FREE_FAILURES + 10)
    assert admission.refusal(PEER, LIMITS, WAIT_WITH_LINKS_S_MAX - 0.01) == "sign_in_failures"
    assert admission.refusal(PEER, LIMITS, WAIT_WITH_LINKS_S_MAX) is None

    admission.signed_off(PEER)
    admission.failed(PEER, 10.0)
    assert admission.refusal(PEER, LIMITS, 10.0 + WAIT_S_MAX - 0.01) == "sign_in_failures"


def test_failures_are_forgotten(admission: Admission) -> None:
    """Ten minutes without one, and the next is the first again."""
    failed(admission, FREE_FAILURES + 5)
    later = FORGOTTEN_S + 1
    failed(admission, FREE_FAILURES, later)
    assert admission.refusal(PEER, LIMITS, later) is None


def test_memory_is_bounded(admission: Admission) -> None:
    """Of more addresses than are remembered the one that failed longest ago is forgotten."""
    failed(admission, FREE_FAILURES + 1)
    for number in range(PEERS_MAX):
        admission.failed(ip_address(0x0A000100 + number), 0.0)
    assert admission.refusal(PEER, LIMITS, 0.0) is None
