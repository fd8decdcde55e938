"""A reactor that tests turn, a clock that they move, a bank on a real socket, and a small format to ask it in."""

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from fep.clock import SHANGHAI
from fep.config.settings import Address
from fep.links.tails import Tails
from fep.partners.partner import Partner
from protocol.canonical.link import WorkDay
from protocol.canonical.push import PushRequest
from protocol.dialect import Outgoing, OwnReply, Sealing
from protocol.errors import LocalProtocolError, MessageInvalid
from protocol.framing import FrameReader
from protocol.lengths import DigitsLength
from protocol.session import Session, SignsIn
from protocol.transactions import Transaction
from tests.protocol.dialects.elec02.frames import REPLY_HEAD, REQUEST_HEAD, packed, unpacked
from tests.support.partner_bank import DAY, PUSH, PartnerBank
from tests.support.records import NOW
from tests.support.rim import settings_of

TIMEOUT_S = 10.0
CODES = {Transaction.SIGN_IN: "90", Transaction.SIGN_OUT: "91", Transaction.BILL_PUSH: "20"}


class AskingDialect:
    """What a partner needs of a format: ELEC02 as far as these tests go, by plain struct."""

    name = "elec02"
    length = DigitsLength(10, 113, 65_536)

    def __init__(self, signs_in: SignsIn = SignsIn.FEP_EACH_DAY) -> None:
        self.session = Session(False, False, True, signs_in, fep_connects=True)

    def reader(self) -> FrameReader:
        return FrameReader(self.length)

    def own_request(
        self, transaction: Transaction, body: Any, node: str, fep_serial: int, now: datetime, sealing: Sealing
    ) -> Outgoing:
        assert now == NOW.replace(tzinfo=SHANGHAI)
        if transaction not in CODES:
            raise LocalProtocolError("no such request")
        serial, day = f"{fep_serial:020d}", f"{now:%Y%m%d}"
        head = packed(
            REQUEST_HEAD, CODES[transaction], "UTILITY", node, serial, day, f"{now:%Y%m%d%H%M%S}", "9", "0", "", "0"
        )
        if isinstance(body, WorkDay):
            return Outgoing(head, packed(DAY, "UTILITY", f"{body.work_date:%Y%m%d}", "", ""))
        assert isinstance(body, PushRequest)
        first = ("", "", serial[-16:], day, "", body.account_no, "", body.passbook, "", "RMB", str(body.due_fen), "")
        rest = (body.name, "0", str(body.late_fee_fen), str(body.principal_fen), "", "", "", str(body.month))
        return Outgoing(head, packed(PUSH, *first, *rest, str(body.seq), "", body.bill_no, ""))

    def seal(self, outgoing: Outgoing, mac: bytes) -> bytes:
        assert mac == b""
        content = outgoing.header + outgoing.body
        return b"%010d" % len(content) + content

    def own_reply(self, frame: bytes, asked: Outgoing, transaction: Transaction) -> OwnReply:
        if len(frame) < REPLY_HEAD.size:
            raise MessageInvalid("header", "too short")
        head = unpacked(REPLY_HEAD, frame[: REPLY_HEAD.size])
        if head[5] != unpacked(REQUEST_HEAD, asked.header)[3]:
            raise MessageInvalid("header.MesgID", "of another message")
        return OwnReply(head[1] == "00", head[1], head[2])


class Turning:
    """A reactor of the tests' own, that turns only while a test waits."""

    def __init__(self) -> None:
        self.reactor = EPollReactor()

    def until(self, condition: Callable[[], object]) -> None:
        """Turn the reactor until something is so."""
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, "in vain"
            self.reactor.iterate(0.01)

    def result(self, deferred: "Deferred[Any]") -> Any:
        """Turn until ``deferred`` has fired; return its result or raise its error."""
        fired: list[Any] = []
        deferred.addBoth(fired.append)
        self.until(lambda: fired)
        if isinstance(fired[0], Failure):
            fired[0].raiseException()
        return fired[0]


@pytest.fixture(scope="session")
def turning() -> Turning:
    return Turning()


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.advance(1000.0)
    return clock


@pytest.fixture
def bank() -> Iterator[PartnerBank]:
    bank = PartnerBank()
    yield bank
    bank.close()


@pytest.fixture
def tails() -> Tails:
    """Those who watch frames; nobody unless the test says so."""
    return Tails()


@pytest.fixture
def make_partner(turning: Turning, clock: Clock, tails: Tails, logs: object) -> Iterator[Callable[..., Partner]]:
    """A way to make a partner whose bank listens on a port of the loopback."""
    partners: list[Partner] = []

    def make(port: int, dialect: Any = None) -> Partner:
        bank = settings_of("0102", node="301", partner=Address("127.0.0.1", port))
        dialect = dialect or AskingDialect()
        partners.append(Partner(bank, dialect, turning.reactor, clock, lambda: NOW, TIMEOUT_S, tails))
        return partners[-1]

    yield make
    clock.advance(1000.0)
    for partner in partners:
        partner.check(clock.seconds())
        turning.result(partner.drain())


@pytest.fixture
def partner(bank: PartnerBank, make_partner: Callable[..., Partner]) -> Partner:
    """The partner whose bank is ``bank``."""
    return make_partner(bank.port)
