"""The rim in memory 内存中的接入层: the real connections, links, dialect and ciphers around a gate that obeys tests.

No sockets, no threads and no real time: bytes go through ``FakeTransport``, the bank is ``RawBank``, which knows
nothing of the product, and ``Rim.pass_time`` moves the clock and looks at the limits as often as the daemon does.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from ipaddress import ip_network
from itertools import count
from pathlib import Path
from typing import Any, cast

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.tcp import Server
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from crypto.key_versions import BankKeys, KeyVersion
from crypto.keys import Key
from crypto.suites import SUITES
from dbgate.errors import GateError
from dbgate.work import Work
from fep.config.settings import (
    AuditSettings,
    BankSettings,
    BillingSettings,
    DatabaseSettings,
    KeySettings,
    LinkSettings,
    ListenerSettings,
    Settings,
)
from fep.files.work import FileWork
from fep.links.bank import Bank, SignInKeys
from fep.links.connection import Connection
from fep.links.listener import CHECK_INTERVAL_S, LinkFactory
from fep.links.services import Services
from handlers.terms import BankTerms, Rules
from protocol.canonical.business import StatusReply, UndoReply
from protocol.canonical.codes import OriginalState, Reconciled, UndoOutcome
from protocol.canonical.messages import Answer, ReplyBody
from protocol.dialect import Dialect
from protocol.dialects.registry import DIALECTS
from protocol.response_codes import ResponseCode
from tests.support import raw_bank
from tests.support.raw_bank import AK, KEK, Frame, RawBank
from tests.support.records import NOW, TODAY

PEER = "10.1.2.3"
"""Where all banks may come from unless a test says otherwise."""

WRITE_BUFFER_BYTES = 65_536
"""What a transport takes before it tells its producer to pause, as Twisted's own do."""


class FakeTransport(StringTransport):
    """A connected socket: what is written waits until the peer takes it, and the calls of an ending are remembered."""

    def __init__(self) -> None:
        super().__init__()
        self.is_half_closed = False
        self.is_lost = False
        self.is_blocked = False
        self.has_no_delay = False
        self.bytes_written = 0

    def setTcpNoDelay(self, enabled: bool) -> None:
        self.has_no_delay = enabled

    def write(self, data: bytes) -> None:
        assert self.is_open, "written after the end"
        self.bytes_written += len(data)
        super().write(data)
        if not self.is_blocked and len(self.value()) > WRITE_BUFFER_BYTES:
            self.block()

    def loseWriteConnection(self) -> None:
        assert self.is_open, "ended twice"
        self.is_half_closed = True

    def loseConnection(self) -> None:
        assert not self.disconnecting, "ended twice"
        assert self.producer is None, "a transport waits for its producer before it closes"
        self.disconnecting = True

    def abortConnection(self) -> None:
        self.disconnected = self.disconnecting = True

    def pauseProducing(self) -> None:
        assert not self.is_paused, "paused twice"
        super().pauseProducing()

    def resumeProducing(self) -> None:
        assert self.is_paused, "resumed twice"
        super().resumeProducing()

    @property
    def is_open(self) -> bool:
        """Nothing has been done to end it."""
        return not (self.is_half_closed or self.disconnecting or self.is_lost)

    @property
    def is_paused(self) -> bool:
        """The protocol does not want to read."""
        return bool(self.producerState == "paused")

    def block(self) -> None:
        """The peer takes nothing more: the producer is paused, as a transport does with a full buffer."""
        self.is_blocked = True
        self.producer.pauseProducing()

    def unblock(self) -> None:
        """The peer has taken everything."""
        self.is_blocked = False
        if self.producer is not None:
            self.producer.resumeProducing()

    def take(self) -> bytes:
        """Return and forget what has been written."""
        data: bytes = self.value()
        self.clear()
        return data


class ScriptedDesk:
    """A desk for batch files that holds on to its work until a test answers it."""

    def __init__(self) -> None:
        self.works: list[FileWork] = []

    def submit(self, work: FileWork) -> None:
        self.works.append(work)


class WiredBank(RawBank):
    """One connection of one bank, in memory; everything is answered within the call that sends it."""

    def __init__(self, rim: "Rim", connection: Connection, bank_code: str, *, encrypted: bool) -> None:
        self.bank_code, self.suite, self.encrypted = bank_code, raw_bank.SUITES[bank_code], encrypted
        self.keys = {}
        self.version = 0
        self.deadline_s = raw_bank.DEADLINE_S
        self.unmatched, self.fep_requests, self.sent = [], [], []
        self._buffer = bytearray()
        self._rim = rim
        self.connection = connection
        self.link = connection.link
        self.transport = FakeTransport()
        connection.makeConnection(cast("Server", self.transport))

    def build(self, txn_code: int, body: bytes = b"", **fields: Any) -> bytes:
        return super().build(txn_code, body, **{"clock": self._rim.wall_now, **fields})

    def send(self, *frames: bytes) -> None:
        self.connection.dataReceived(b"".join(frames))

    def _receive(self, deadline: float) -> bool:
        data = self.transport.take()
        if not data and self.transport.is_open:
            raise TimeoutError("the FEP has sent nothing")
        self._buffer += data
        return bool(data)

    def frames(self) -> list[Frame]:
        """Return all frames that have come and were not read yet."""
        found = []
        while self._buffer or self.transport.value():
            frame = self.read_frame()
            assert frame is not None
            found.append(frame)
        return found

    def hang_up(self) -> None:
        """Break the connection."""
        self.transport.is_lost = True
        self.connection.connectionLost(Failure(ConnectionDone()))

    def finish(self) -> None:
        """Send no more, but read on: half-close from the bank's side."""
        self.connection.readConnectionLost()

    @property
    def ends(self) -> str:
        """How the FEP has ended the connection: ``open``, ``half-closed``, ``closed`` or ``aborted``."""
        if self.transport.disconnected:
            return "aborted"
        if self.transport.disconnecting:
            return "closed"
        return "half-closed" if self.transport.is_half_closed else "open"


class ScriptedGate:
    """Holds work and answers it when told; refuses it when ``refusal`` is set."""

    def __init__(self) -> None:
        self.works: list[Work] = []
        self.refusal: GateError | None = None
        self.clearing_dates: dict[str, date] = {}

    def submit(self, work: Work) -> None:
        if self.refusal is not None:
            raise self.refusal
        self.works.append(work)

    def clearing_date(self, bank_code: str) -> date | None:
        return self.clearing_dates.get(bank_code)

    def finish(self, result: object, index: int = 0) -> None:
        """Answer one piece of work, the oldest unless said otherwise."""
        self.works.pop(index).done(result)

    def finish_all(self, result: object) -> None:
        """Answer all that waits with the same."""
        while self.works:
            self.finish(result)


class Rim:
    """One daemon's rim: services, a listener's factory and a clock that tests move.

    Args:
        gate: what takes the work; a ``ScriptedGate`` unless said otherwise.
        link: changes to ``LinkSettings``.
        connections_max: of the listener.
        banks: changes to ``BankSettings`` by bank_code; all five demo banks are there.
        keys: a bank's key versions by bank_code, where it has others than the demo keys.
    """

    def __init__(
        self,
        *,
        gate: Any = None,
        link: dict[str, Any] | None = None,
        connections_max: int = 100,
        banks: dict[str, dict[str, Any]] | None = None,
        dialect: Dialect = DIALECTS["standard"],
        rules: Rules | None = None,
        keys: dict[str, tuple[SignInKeys, ...]] | None = None,
    ) -> None:
        self.clock = Clock()
        self.clock.advance(1000.0)
        self.wall_now: datetime = NOW
        self.gate = gate if gate is not None else ScriptedGate()
        self.file_desk = ScriptedDesk()
        self._serials = count(900_000_001)
        self.next_own_serial: Callable[[], int | None] = lambda: next(self._serials)
        bank_settings = {code: settings_of(code, **(banks or {}).get(code, {})) for code in raw_bank.SUITES}
        self.settings = replace(
            settings(bank_settings),
            link=LinkSettings(**(link or {})),
            listener=ListenerSettings(connections_max=connections_max),
            rules=rules or Rules(),
        )
        self.services = Services(
            self.settings,
            {code: bank_of(one, (keys or {}).get(code)) for code, one in bank_settings.items()},
            self.gate,
            self.clock,
            lambda: self.wall_now,
            lambda: self.next_own_serial(),  # noqa: PLW0108 - looked up late: tests replace it
            self.file_desk,
        )
        self.factory = LinkFactory(self.services, dialect)

    @property
    def events(self) -> dict[str, int]:
        """The counters of what is no transaction."""
        return dict(self.services.events)

    def connect(self, bank_code: str = "0102", *, peer: str = PEER, encrypted: bool = False) -> WiredBank:
        """Return a new connection of a bank, not signed in."""
        connection = self.factory.buildProtocol(IPv4Address("TCP", peer, 40_000))
        assert connection is not None, "refused"
        return WiredBank(self, connection, bank_code, encrypted=encrypted)

    def bank(self, bank_code: str = "0102", *, encrypted: bool = False) -> WiredBank:
        """Return a connection that is signed in and has proven its keys."""
        bank = self.connect(bank_code, encrypted=encrypted)
        bank.sign_in()
        return bank

    def check(self) -> None:
        """Look at all limits once, as the daemon's loop does."""
        self.factory.check(self.clock.seconds())
        self.services.in_work.check(self.clock.seconds())

    def pass_time(self, seconds: float) -> None:
        """Let time pass, the limits being looked at a few times a second."""
        until_s = self.clock.seconds() + seconds
        while (left_s := until_s - self.clock.seconds()) > 1e-9:
            self.clock.advance(min(CHECK_INTERVAL_S, left_s))
            self.check()


def settings_of(bank_code: str, **changes: Any) -> BankSettings:
    """Return the settings of one of the demo banks."""
    plain = BankSettings(
        bank_code=bank_code,
        name=f"银行{bank_code}",
        suite=SUITES[raw_bank.SUITES[bank_code]],
        addresses=(ip_network("10.1.0.0/16"),),
        terms=BankTerms(bank_code),
    )
    return replace(plain, **changes)


def bank_of(bank_settings: BankSettings, keys: tuple[SignInKeys, ...] | None = None) -> Bank:
    """Return a bank with these keys, the demo ones when there are none."""
    return Bank(bank_settings, keys or (sign_in_keys(bank_settings),))


def sign_in_keys(
    bank_settings: BankSettings,
    number: int = 1,
    ak: bytes = AK,
    kek: bytes = KEK,
    *,
    valid_from: datetime = datetime(2020, 1, 1),  # noqa: DTZ001 - naive, Asia/Shanghai
    valid_until: datetime | None = None,
) -> SignInKeys:
    """Return one version of a bank's keys, the demo ones unless said otherwise."""
    keys = BankKeys(bank_settings.suite, Key("AK", ak), Key("KEK", kek))
    version = KeyVersion(
        number, bank_settings.suite, keys, keys.ak_kcv, keys.kek_kcv, valid_from, valid_from, valid_until
    )
    return SignInKeys.of(version)


def settings(banks: dict[str, BankSettings], directory: Path = Path("/nowhere")) -> Settings:
    """Return a configuration with these banks and every default."""
    return Settings(
        directory=directory,
        billing=BillingSettings((DatabaseSettings("billing", 1, "sqlite:///billing.db"),)),
        keys=KeySettings(directory / "keys.store", "file:master.key"),
        banks=banks,
        audit=AuditSettings(directory / "audit"),
    )


# --- answers of the gate


def approved(body: ReplyBody, **changes: Any) -> Answer:
    """Return an answer 0000 of money work."""
    return replace(Answer(ResponseCode.APPROVED, body, fep_serial=123_456, clearing_date=TODAY), **changes)


def status_found(account_no: str = "0100000001") -> Answer:
    """Return an answer to STATUS: nothing is known under that identity."""
    body = StatusReply(None, OriginalState.UNKNOWN, account_no, 0, None, None, Reconciled.NO)
    return Answer(ResponseCode.APPROVED, body, clearing_date=TODAY)


def reversed_(account_no: str = "0100000001", **changes: Any) -> Answer:
    """Return an answer to REVERSE: the original never arrived."""
    return approved(UndoReply(account_no, 100, None, 0, 0, UndoOutcome.NEVER_ARRIVED), **changes)
