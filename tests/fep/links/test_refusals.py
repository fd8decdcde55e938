"""What the limits turn away is counted by its reason, and nothing that a stranger sends makes a new count."""

from twisted.internet.address import IPv4Address

from fep.links.refusals import CONNECTION_REASONS, LIMITS
from tests.support.raw_bank import SIGN_IN
from tests.support.rim import PEER, Rim
from tests.system.messages import QUERY, query


def test_connections_by_reason(rim: Rim) -> None:
    """Every reason is there from the start, at nothing: a rise from no number at all is one that a monitor misses."""
    refused = rim.services.refusals.connections
    assert dict(refused) == dict.fromkeys(CONNECTION_REASONS, 0)
    assert rim.factory.buildProtocol(IPv4Address("TCP", "192.0.2.1", 40_000)) is None
    assert (refused["address"], sum(refused.values())) == (1, 1)


def test_connections_over_the_cap() -> None:
    """One more than may be."""
    rim = Rim(connections_max=1)
    rim.bank()
    assert rim.factory.buildProtocol(IPv4Address("TCP", PEER, 40_000)) is None
    assert rim.services.refusals.connections["connections_max"] == 1


def test_sign_ins_by_bank_and_reason(rim: Rim) -> None:
    """A wrong MAC under the bank's code; a code of nobody's as unknown, whatever it was."""
    bank = rim.connect("0103")
    bank.send(bank.build(SIGN_IN, bytes(32))[:-8] + b"wrongmac")
    bank.send(bank.build(SIGN_IN, bytes(32), bank_code=b"9876"))
    bank.send(bank.build(SIGN_IN, bytes(32), bank_code=b"9877"))
    assert dict(rim.services.refusals.sign_ins) == {("0103", "mac_incorrect"): 1, ("unknown", "unknown_bank"): 2}


def test_requests_by_bank_and_limit() -> None:
    """Each of the two limits of a bank's file."""
    for limit in LIMITS:
        rim = Rim(banks={"0102": {limit: 1}})
        bank = rim.bank()
        bank.send(bank.build(QUERY, query("0100000001")), bank.build(QUERY, query("0100000001")))
        rim.services.submissions.flush()
        assert dict(rim.services.refusals.requests) == {("0102", limit): 1}
