"""Requests 请求: what handlers rely on is checked, not assumed."""

import pytest

from handlers.requests import body_of, identity_of, original_of, promised
from protocol.canonical.business import PayRequest, UndoRequest
from tests.support.records import BANK, TODAY, cancel_request, pay_request


def test_body_of_its_kind() -> None:
    """A body of another transaction is a bug and is not decided on."""
    request = pay_request(100)
    assert body_of(request, PayRequest) is request.body
    with pytest.raises(TypeError, match="pay came with a PayRequest"):
        body_of(request, UndoRequest)


def test_identities() -> None:
    """A request and the original that it names are both of the asking bank."""
    request = cancel_request(7, 100, serial=8)
    assert identity_of(request) == (BANK, TODAY, "000000000008")
    assert original_of(request, body_of(request, UndoRequest)) == (BANK, TODAY, "000000000007")


def test_promised() -> None:
    """What the gate owes and did not give is a bug, not a default."""
    assert promised(0, "number") == 0
    with pytest.raises(AssertionError, match="no fep_serial"):
        promised(None, "fep_serial")
