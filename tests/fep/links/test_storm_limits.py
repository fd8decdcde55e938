"""What a connection may do before a sign-in, and a bank beyond its limits, through the real links."""

import pytest

from fep.links.admission import FREE_FAILURES
from fep.links.authentication import REFUSALS_MAX
from fep.links.connection import HOLD_S
from fep.links.guests import PLACES_MIN, Guests
from fep.links.load import REFUSALS_MAX as BUSY_MAX
from fep.links.notices import LINES_MAX
from tests.support.raw_bank import ECHO, SIGN_IN, SIGN_IN_REQUEST
from tests.support.records import TODAY
from tests.support.rim import Rim, status_found
from tests.system.messages import STATUS, status

BODY = status("0100000001", 7, TODAY)


def test_guests_wait_and_banks_do_not(logs):
    """Bad sign-ins from one address wait for their turn; a bank that is signed in is answered at once all the while."""
    rim = Rim(connections_max=64)
    rim.services.guests = Guests(rim.clock.callLater, rim.clock.seconds)
    bank = rim.bank("0103")
    rim.services.guests.time.spent(0.5)  # as of a storm
    stranger = rim.connect()
    stranger.send(stranger.build(SIGN_IN, SIGN_IN_REQUEST.pack())[:-8] + b"wrongmac")
    assert stranger.frames() == []
    bank.check_alive()

    rim.pass_time(8)
    assert [frame.code for frame in stranger.frames()] == ["1002"]


def test_a_guest_that_sends_more_is_not_read_while_it_waits(logs):
    """What comes behind a frame that waits stays in the line."""
    rim = Rim(connections_max=64)
    rim.services.guests = Guests(rim.clock.callLater, rim.clock.seconds)
    rim.services.guests.time.spent(0.5)
    stranger = rim.connect()
    request = stranger.build(SIGN_IN, SIGN_IN_REQUEST.pack())
    stranger.send(request)
    assert not stranger.transport.is_paused
    stranger.send(request)
    assert stranger.transport.is_paused
    rim.pass_time(8)
    assert not stranger.transport.is_paused
    assert [frame.code for frame in stranger.frames()] == ["0000", "1002"]


def test_the_eldest_guest_leaves(logs):
    """One more guest than there are places ends the one that came first; who is signed in stays."""
    rim = Rim(connections_max=64)
    bank = rim.bank()
    guests = [rim.connect() for _ in range(PLACES_MIN + 1)]
    assert [guest.ends for guest in (bank, *guests[:2])] == ["open", "aborted", "open"]
    assert [line["reason"] for line in logs if line["event"] == "connection_cut_off"] == ["evicted"]
    bank.check_alive()


def test_refusals_without_end_end_the_connection(rim):
    """A bank that does not exist is told so a number of times, then its connection is closed."""
    stranger = rim.connect()
    for _ in range(REFUSALS_MAX):
        stranger.send(stranger.build(SIGN_IN, SIGN_IN_REQUEST.pack(), bank_code=b"9999"))
    assert [frame.code for frame in stranger.frames()] == ["1006"] * REFUSALS_MAX
    assert stranger.ends == "closed"


def test_a_storm_of_refusals_writes_a_few_lines(rim, logs):
    """Of each kind; every one is counted."""
    for _ in range(3):
        stranger = rim.connect()
        for _ in range(REFUSALS_MAX):
            stranger.send(stranger.build(SIGN_IN, SIGN_IN_REQUEST.pack(), bank_code=b"9999"))
        rim.services.admission.proven(stranger.link.peer)  # so that it is let in again
    assert len([line for line in logs if line["event"] == "bank_unknown"]) == LINES_MAX
    assert len([line for line in logs if line["event"] == "transaction"]) == LINES_MAX
    assert rim.services.transaction_log.counts["unknown", "sign_in", "1006"] == 3 * REFUSALS_MAX


def test_lengths_out_of_bounds_count_as_failures(rim):
    """Whoever sends nonsense without end is kept out as one that tries keys is."""
    for _ in range(FREE_FAILURES + 1):
        rim.connect().connection.dataReceived(b"\xff\xff")
    with pytest.raises(AssertionError, match="refused"):
        rim.connect()


def test_a_bank_that_uses_its_session_keys_is_forgiven(rim):
    """Failures of its address before are forgotten: as many again keep nobody out."""
    for _ in range(2):
        for _ in range(FREE_FAILURES):
            rim.connect().connection.dataReceived(b"\xff\xff")
        rim.bank().check_alive()
    rim.connect()


def test_a_bank_that_goes_on_asking_too_much_is_not_read(logs):
    """Above its rate each request is 1011; after so many refusals its link rests, and then goes on where it was."""
    rim = Rim(banks={"0102": {"rate_max": 5}})
    bank, other = rim.bank(), rim.bank("0103")
    requests = [bank.build(STATUS, BODY) for _ in range(5 + BUSY_MAX + 10)]
    bank.send(*requests)
    answered = bank.frames()
    assert {frame.code for frame in answered} == {"1011"}
    assert len(answered) == BUSY_MAX + 1
    assert bank.transport.is_paused
    other.check_alive()

    rim.gate.finish_all(status_found())
    assert len(bank.frames()) == 5
    rim.pass_time(HOLD_S)
    assert len(bank.frames()) > 0
    for _ in range(20):
        rim.pass_time(HOLD_S)
        rim.gate.finish_all(status_found())
    assert not bank.transport.is_paused
    assert bank.link.in_flight == 0


def test_frames_cost_until_the_session_keys_are_shown(logs):
    """Whoever signs in and sends noise spends the time of guests; a bank that has shown its keys does not."""
    rim = Rim()
    spent: list[float] = []
    guests = Guests()
    guests.time.spent = spent.append
    rim.services.guests = guests
    bank = rim.connect()
    bank.exchange_keys(SIGN_IN)
    bank.send(bank.build(ECHO)[:-8] + b"wrongmac")
    assert len(spent) == 2
    bank.check_alive()  # shows them
    assert len(spent) == 3
    bank.check_alive()
    assert len(spent) == 3
