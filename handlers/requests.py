"""Requests 请求: what handlers read from a request, and what they may rely on being given."""

from datetime import date
from typing import Protocol, TypeVar

from dbgate.records import Identity
from protocol.canonical.messages import Request, RequestBody

Body = TypeVar("Body", bound=RequestBody)
Given = TypeVar("Given")


class NamesOriginal(Protocol):
    """A body that names an earlier request of the same bank."""

    @property
    def original_date(self) -> date:
        """Its bank_date."""

    @property
    def original_serial(self) -> str:
        """Its bank_serial."""


def body_of(request: Request, kind: type[Body]) -> Body:
    """Return the body of ``request``, which must be a ``kind``: a dialect never pairs it with another transaction."""
    if not isinstance(request.body, kind):
        raise TypeError(f"{request.transaction.label} came with a {type(request.body).__name__}")
    return request.body


def identity_of(request: Request) -> Identity:
    """Return what names ``request`` for ever; the bank is that of the connection."""
    head = request.head
    return Identity(head.bank_code, head.bank_date, head.bank_serial)


def original_of(request: Request, body: NamesOriginal) -> Identity:
    """Return the identity that ``body`` names as its original 原交易. It is always of the asking bank."""
    return Identity(request.head.bank_code, body.original_date, body.original_serial)


def promised(given: Given | None, what: str) -> Given:
    """Return ``given``, which the gate or the database guarantees; its absence is a bug and is never answered."""
    if given is None:
        raise AssertionError(f"the gate gave no {what}")
    return given
