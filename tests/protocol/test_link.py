"""The link's states: the whole product of states and events, and the laws that the table must keep."""

import pytest

from protocol.errors import EventUnexpected
from protocol.link import TRANSITIONS, Link, LinkAction, LinkEvent, LinkState
from protocol.response_codes import ResponseCode
from protocol.transactions import LINK_TRANSACTIONS, Transaction

S, E, A = LinkState, LinkEvent, LinkAction
BUSINESS = frozenset(Transaction) - LINK_TRANSACTIONS

UNEXPECTED = {
    S.CONNECTED: {E.AK_VERIFIED, E.MAK_VERIFIED, E.SIGNED_OUT, E.IDLE_TIMED_OUT, E.UNPROVEN_IDLE, E.ECHO_TIMED_OUT},
    S.SIGNED_IN: {E.SIGNED_IN, E.SIGN_IN_TIMED_OUT},
    S.DRAINING: {E.SIGNED_IN, E.SIGN_IN_TIMED_OUT, E.IDLE_TIMED_OUT, E.UNPROVEN_IDLE, E.ECHO_TIMED_OUT},
    S.CLOSED: set(E) - {E.CONNECTION_LOST, E.DRAIN_ORDERED, E.PEER_FINISHED, E.LAST_REPLY_SENT},
}
"""What a proven link cannot meet; AK_VERIFIED on an unproven one is UNPROVEN_AK_VERIFIED."""


def link_in(state: LinkState, *, proven: bool = True) -> Link:
    link = Link()
    link.state = state
    link.is_proven = proven
    return link


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("event", E)
def test_each_state_knows_what_it_does_with_each_event(state: LinkState, event: LinkEvent) -> None:
    """An event is in the table or is refused, and a refused one leaves the state as it was."""
    link = link_in(state)
    if event in UNEXPECTED[state]:
        with pytest.raises(EventUnexpected):
            link.handle(event)
        assert link.state is state
    else:
        next_state, actions = TRANSITIONS[state, event]
        assert link.handle(event) == actions
        assert link.state is next_state


def test_whatever_closes_discards_the_keys_once() -> None:
    """Session keys die with the connection, timers too; nothing leaves CLOSED."""
    for (state, _event), (next_state, actions) in TRANSITIONS.items():
        entering = next_state is S.CLOSED and state is not S.CLOSED
        assert (A.DISCARD_KEYS in actions) == entering
        assert A.STOP_TIMERS in actions or not entering
        assert next_state is S.CLOSED or state is not S.CLOSED


def test_a_connection_lives_and_ends_in_order() -> None:
    """Sign in, prove the keys, sign out, answer what is in flight, close gently."""
    link = Link()
    assert link.handle(E.AK_VERIFIED) == ()
    assert link.handle(E.SIGNED_IN) == (A.STOP_SIGN_IN_TIMER, A.RESTART_IDLE_TIMER)
    assert link.handle(E.MAK_VERIFIED) == (A.RESTART_IDLE_TIMER,)
    assert link.handle(E.AK_VERIFIED) == (A.RESTART_IDLE_TIMER,)
    assert link.handle(E.SIGNED_OUT) == (A.STOP_TIMERS,)
    assert link.state is S.DRAINING
    assert link.handle(E.LAST_REPLY_SENT) == (A.STOP_TIMERS, A.DISCARD_KEYS, A.CLOSE_GENTLY)
    assert link.state is S.CLOSED
    assert link.handle(E.CONNECTION_LOST) == ()


@pytest.mark.parametrize("state", [S.CONNECTED, S.SIGNED_IN, S.DRAINING])
def test_the_third_mac_failure_in_a_row_closes_with_an_alarm(state: LinkState) -> None:
    """Two pass, the third ends the connection and is a security event."""
    link = link_in(state)
    assert link.handle(E.MAC_FAILED) == link.handle(E.MAC_FAILED) == ()
    assert link.state is state

    actions = link.handle(E.MAC_FAILED)

    assert A.RAISE_SECURITY_EVENT in actions
    assert actions[-1] is A.CLOSE
    assert link.state is S.CLOSED


@pytest.mark.parametrize("verified", [E.AK_VERIFIED, E.MAK_VERIFIED])
def test_a_right_mac_ends_the_row_of_failures(verified: LinkEvent) -> None:
    """Only failures in a row count."""
    link = link_in(S.SIGNED_IN)
    for event in (E.MAC_FAILED, E.MAC_FAILED, verified, E.MAC_FAILED, E.MAC_FAILED):
        link.handle(event)

    assert link.state is S.SIGNED_IN


def test_nothing_is_sent_before_the_keys_are_proven() -> None:
    """An unproven link sends no ECHO, nothing under AK restarts its timer, and it closes after the second time-out."""
    link = Link()
    link.handle(E.SIGNED_IN)
    assert not link.may_send
    assert link.handle(E.AK_VERIFIED) == ()
    assert link.handle(E.IDLE_TIMED_OUT) == (A.START_ECHO_TIMER,)
    assert link.handle(E.ECHO_TIMED_OUT)[-1] is A.CLOSE
    assert link.state is S.CLOSED


def test_a_proven_link_sends_echo_when_idle() -> None:
    """After the first frame under the session key the FEP tests the line itself."""
    link = Link()
    link.handle(E.SIGNED_IN)
    link.handle(E.MAK_VERIFIED)
    assert link.may_send
    assert link.handle(E.IDLE_TIMED_OUT) == (A.START_ECHO_TIMER, A.SEND_ECHO)
    link.handle(E.DRAIN_ORDERED)
    assert not link.may_send


@pytest.mark.parametrize("transaction", Transaction)
def test_what_each_state_serves(transaction: Transaction) -> None:
    """Sign in first, once; a draining FEP takes no new business and still serves the link."""
    is_sign_in = transaction is Transaction.SIGN_IN
    expected = {
        S.CONNECTED: None if is_sign_in else ResponseCode.NOT_SIGNED_IN,
        S.SIGNED_IN: ResponseCode.ALREADY_SIGNED_IN if is_sign_in else None,
        S.DRAINING: ResponseCode.ALREADY_SIGNED_IN
        if is_sign_in
        else ResponseCode.BUSY
        if transaction in BUSINESS
        else None,
    }

    for state, code in expected.items():
        assert link_in(state).refusal(transaction) is code
    with pytest.raises(EventUnexpected):
        link_in(S.CLOSED).refusal(transaction)
