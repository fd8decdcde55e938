"""Scopes 取值范围: what the fields of a message may be bound to, beside who asks and what for."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from protocol.canonical.messages import Head
from protocol.format import Message
from protocol.record import record

TRACE_NUMBERS = 1_000_000
"""Of requests of the FEP, where a format has six digits for them."""


@dataclass(slots=True)
class Opened:
    """What has been read of a frame of the other side's.

    Attributes:
        message: None when the code is none of this format.
        node: what the frame calls the bank.
        received_at: our wall clock, Asia/Shanghai.
        sent: every field as it was sent, by name; those of the body once it has been read.
        head: who asks, once an authenticated request has been read.
    """

    message: Message | None
    node: str
    received_at: datetime
    sent: dict[str, Any] = field(repr=False)
    head: Head | None = None


@record
class Facts:
    """Scope ``answer``: what a reply may say of its outcome.

    Attributes:
        code: wire code.
        message: why it is not approved, for the teller; empty when it is.
        reason: the canonical code and ``message``; empty when approved.
        fep_serial: number of the movement.
        clearing_date: None while unknown.
        day: the clearing date, or today while that is unknown.
        at: our wall clock.
        row_count: rows of the whole reply.
        flags: see ``protocol.flags``.
        nonce: eight zero bytes when nothing is encrypted.
        key_version: as in the request.
    """

    code: str
    message: str
    reason: str
    fep_serial: int | None
    clearing_date: date | None
    day: date
    at: datetime
    row_count: int
    flags: int
    nonce: bytes
    key_version: int


@record
class OwnFrame:
    """Scope ``frame`` of a request that we build: what its header says.

    Attributes:
        code: wire code of the message.
        node: what the bank is called; in a bank's own request what it calls itself.
        at: our wall clock, Asia/Shanghai.
        fep_serial: number of a request of the FEP, None in a bank's.
        flags: see ``protocol.flags``.
        nonce: eight zero bytes when nothing is encrypted.
        key_version: of the keys that it is sealed with.
        version: of the format.
        file_name: of the file that the message tells of, empty when of none.
        row_count: its rows, 0 when of none.
        channel: of a request of the FEP; 0 where it moves no money.
    """

    code: str
    node: str
    at: datetime | None
    fep_serial: int | None
    flags: int
    nonce: bytes
    key_version: int
    version: int
    file_name: str = ""
    row_count: int = 0
    channel: int = 0

    @property
    def trace_no(self) -> int:
        """The last six digits of ``fep_serial``, of which 000000 is none."""
        return (self.fep_serial or 0) % TRACE_NUMBERS or TRACE_NUMBERS - 1
