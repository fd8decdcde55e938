"""The table from errors to response codes: complete, and right about what is certain."""

import inspect
from types import ModuleType

import pytest

from crypto import errors as crypto_errors
from dbgate import errors as gate_errors
from dbgate.errors import Certainty, GateError
from fep.links.outcomes import RESPONSE_OF, response_of
from handlers import errors as handler_errors
from protocol import errors as protocol_errors
from protocol.response_codes import ResponseCode

ROOTS_AND_KINDS = {"CryptoError", "GateError", "ProtocolError", "RemoteProtocolError"}
"""Never raised themselves."""

START_UP_ONLY = {
    "CertificateInvalid",
    "KeyBlockInvalid",
    "KeyJournalBroken",
    "KeyVersionRefused",
    "SuiteDiffers",
    "KeyCheckFailed",
    "KeyStoreInvalid",
    "KeyUnavailable",
    "MasterKeyUnavailable",
    "SchemaMismatch",
}
"""Raised by commands and while the daemon starts, before there is any link."""

COMMANDS_ONLY = {"DayNotOpen", "KeyProposalRefused", "LoadRefused"}
"""Raised by ``fep load``, ``fep day`` and ``fep keys``."""

NOT_ANSWERED = {
    "ProxyHeaderInvalid": "there is no connection yet",
    "LengthInvalid": "the connection is closed at once",
    "EventUnexpected": "a closed link takes no frame",
    "Refusal": "an answer of the handlers, which never let it out",
}
"""Never become a response code."""


def concrete(module: ModuleType) -> list[type[Exception]]:
    """Return the exceptions that a module defines."""
    return [
        kind
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__ == module.__name__
    ]


ALL = [
    kind
    for module in (protocol_errors, crypto_errors, gate_errors, handler_errors)
    for kind in concrete(module)
    if kind.__name__ not in ROOTS_AND_KINDS
]


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_has_its_place(kind):
    """A new error of the layers below has a row here, or stands in a list that says why it has none."""
    has_row = kind in RESPONSE_OF
    is_excused = kind.__name__ in START_UP_ONLY | COMMANDS_ONLY | NOT_ANSWERED.keys()
    assert has_row != is_excused


def test_no_row_without_its_error():
    """Every row and every excuse is about an error that there is."""
    assert set(RESPONSE_OF) <= set(ALL)
    assert {kind.__name__ for kind in ALL} >= START_UP_ONLY | COMMANDS_ONLY | NOT_ANSWERED.keys()


def test_unknown_is_never_told_as_not_done():
    """An error that leaves the outcome unknown is 9002, and one that does not never is."""
    for kind, code in RESPONSE_OF.items():
        certainty = kind.certainty if issubclass(kind, GateError) else Certainty.NOT_DONE
        assert (code is ResponseCode.OUTCOME_UNKNOWN) == (certainty is Certainty.UNKNOWN)


def test_an_error_is_told_as_its_kind():
    """A more special error that has no row of its own goes by that of its kind."""

    class LockTimeout(gate_errors.DatabaseUnavailable):
        pass

    assert response_of(LockTimeout(), may_be_stored=True) is ResponseCode.DATABASE_UNAVAILABLE


@pytest.mark.parametrize("error", [ZeroDivisionError(), MemoryError(), KeyboardInterrupt(), GateError()])
def test_what_is_not_in_the_table_is_our_bug(error):
    """9003 while nothing can have been stored, else 9002."""
    assert response_of(error, may_be_stored=False) is ResponseCode.SYSTEM_MALFUNCTION
    assert response_of(error, may_be_stored=True) is ResponseCode.OUTCOME_UNKNOWN
