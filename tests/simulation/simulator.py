"""A simulated day 模拟: banks that behave badly, a gate that fails, a clock that jumps; one seed decides all of it.

The links, connections, dialect, ciphers and handlers are the real ones. After every step, and at the end, what the
product promises must hold; the checks are here, beside what they are about.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Any

from twisted.internet.address import IPv4Address

from dbgate.errors import DatabaseUnavailable, DecisionFailed, GateBusy, OutcomeUnknown, StatementFailed
from dbgate.records import Identity
from dbgate.work import Work
from fep.links.in_work import Ticket
from protocol.canonical.messages import Answer
from tests.support.histories import TERMS, UTILITY, check_books
from tests.support.ledger_gate import WorkLedger
from tests.support.raw_bank import ECHO, KEY_EXCHANGE, RESPONSE, SIGN_IN, SIGN_IN_REQUEST, SIGN_OUT, Frame
from tests.support.records import TODAY
from tests.support.rim import PEER, WRITE_BUFFER_BYTES, Rim, WiredBank
from tests.system.messages import CANCEL, DEPOSIT, PAY, QUERY, REVERSE, SETTLE, STATUS, pay, query, status, undo

IN_FLIGHT_MAX = 6
CONNECTIONS_MAX = 4
QUEUE_MAX = 16
REPLY_BYTES_MAX = 1_400
UNAUTHENTICATED = {"1001", "1002", "1005", "1006", "1007"}
OF_THE_LINK = {"1001", "1002", "1003", "1005", "1010", "1011"}
"""Codes that a link gives by itself; every other one must have come from the gate."""

_ACCOUNTS = [account.account_no for account in UTILITY.accounts] + ["0100000009"]
_AMOUNTS_FEN = (1, 120, 200, 550, 620, 850)
_CODES = {DatabaseUnavailable: "9001", StatementFailed: "9003", DecisionFailed: "9003", OutcomeUnknown: "9002"}
_FAULTS = (DatabaseUnavailable("x"), StatementFailed("x"), DecisionFailed("x"))


@dataclass
class Fate:
    """What the gate did with one request: the code that its bank may be told, once it is known."""

    work: Work
    code: str | None = None

    @property
    def ticket(self) -> Ticket:
        """Return what waits for the gate's answer."""
        ticket: Ticket = self.work.done.__self__  # type: ignore[attr-defined]
        return ticket


class FaultyGate:
    """A gate over a ledger on paper, which is full, fails, loses the outcome of a commit, answers late or never."""

    def __init__(self, random: Random) -> None:
        self.ledger = WorkLedger(UTILITY)
        self.fates: list[Fate] = []
        self.now: Any = None
        self._random = random
        self._waiting: list[Fate] = []
        self._late: list[tuple[float, Fate, object]] = []

    def submit(self, work: Work) -> None:
        fate = Fate(work)
        self.fates.append(fate)
        if len(self._waiting) >= QUEUE_MAX or self._random.random() < 0.03:
            fate.code = "1011"
            raise GateBusy("full")
        self._waiting.append(fate)

    def clearing_date(self, bank_code: str) -> date:
        return self.ledger.clearing_date(bank_code)

    def work(self) -> None:
        """Run one batch of what waits, all of one kind, and deliver what is due."""
        self._deliver_late()
        if not self._waiting:
            return
        money = self._waiting[0].work.money
        batch = [fate for fate in self._waiting if fate.work.money is money][: self._random.randint(1, 5)]
        self._waiting = [fate for fate in self._waiting if fate not in batch]
        expired = [fate for fate in batch if fate.work.deadline <= self.now()]
        for fate in expired:
            self._deliver(fate, DatabaseUnavailable("no time left"))
        self._run([fate for fate in batch if fate not in expired])

    def _run(self, batch: list[Fate]) -> None:
        dice = self._random.random()
        if dice < 0.08:
            results: list[object] = [self._random.choice(_FAULTS) for _ in batch]
        elif dice < 0.14:  # the connection was lost at COMMIT, which had been executed or not
            _announce_commit(batch)
            if self._random.random() < 0.5:
                self.ledger.run([fate.work for fate in batch])
            results = [OutcomeUnknown("x") for _ in batch]
        else:
            _announce_commit(batch)
            results = list(self.ledger.run([fate.work for fate in batch]))
        if dice > 0.94:  # a driver that hangs inside a call
            due_s = self.now() + self._random.uniform(0.0, 20.0)
            self._late += [(due_s, fate, result) for fate, result in zip(batch, results, strict=True)]
            return
        for fate, result in zip(batch, results, strict=True):
            self._deliver(fate, result)

    def _deliver_late(self) -> None:
        due = [one for one in self._late if one[0] <= self.now()]
        self._late = [one for one in self._late if one[0] > self.now()]
        for _, fate, result in due:
            self._deliver(fate, result)

    @staticmethod
    def _deliver(fate: Fate, result: object) -> None:
        if fate.ticket.is_answered:
            fate.code = overdue_code(fate)
        else:
            fate.code = result.code.code if isinstance(result, Answer) else _CODES[type(result)]
        fate.work.done(result)


def _announce_commit(batch: list[Fate]) -> None:
    """Say, as the gate does before a COMMIT, that money work may be stored from now on."""
    for fate in batch:
        fate.work.fate.may_be_stored = fate.work.money


def overdue_code(fate: Fate) -> str:
    """Return what a bank is told when the gate has not answered in time."""
    return "9002" if fate.work.fate.may_be_stored else "9001"


class SimulatedBank(WiredBank):
    """A bank's connection whose bytes arrive in pieces, some time after they were sent, and whose replies may wait.

    Attributes:
        asked: how often each (bank_date, bank_serial) has wholly arrived, with the header fields that came with it.
        told: the replies, by the same.
        is_gone: it has hung up, so nothing more may be sent to it.
        is_clean: it has done nothing for which a link may be ended before its time.
    """

    def __init__(self, rim: Rim, connection: Any, random: Random) -> None:
        super().__init__(rim, connection, "0102", encrypted=random.random() < 0.3)
        self._random = random
        self._outbox = bytearray()
        self._arrived = bytearray()
        self.asked: dict[bytes, list[tuple[int, bytes]]] = {}
        self.told: dict[bytes, list[Frame]] = {}
        self.is_gone = False
        self.is_clean = True
        self.has_finished = False
        self._history: list[bytes] = []
        self.post(self.build(SIGN_IN, SIGN_IN_REQUEST.pack(client_random=random.randbytes(16))))

    # --- what it does

    def act(self) -> None:
        """Do one thing."""
        if not self.version:
            return self._random.choice((self.arrive, self.read))()
        steps = (self.ask, self.arrive, self.read, self.repeat, self.manage, self.misbehave)
        return self._random.choices(steps, (25, 40, 25, 6, 4, 0.7))[0]()

    def post(self, frame: bytes) -> None:
        """Put a frame on the line."""
        if len(self._outbox) < 8_192 and not self.has_finished:
            self._history.append(frame)
            self._outbox += frame

    def ask(self) -> None:
        """Send a business request; its serial is one of few, so that identities come again with any content."""
        serial, original = self._random.randint(1, 25), self._random.randint(1, 25)
        account_no, amount = self._random.choice(_ACCOUNTS), self._random.choice(_AMOUNTS_FEN)
        code, body = self._random.choice(
            (
                (PAY, pay(account_no, amount, self._random.choice((SETTLE, DEPOSIT)))),
                (PAY, pay(account_no, amount, DEPOSIT)),
                (CANCEL, undo(account_no, amount, original, TODAY)),
                (REVERSE, undo(account_no, amount, original, TODAY)),
                (STATUS, status(account_no, original, TODAY)),
                (QUERY, query(account_no)),
            )
        )
        self.post(self.build(code, body, serial=serial, channel=self._random.choice((1, 4))))

    def repeat(self) -> None:
        """Send an earlier frame again, byte for byte."""
        frame = self._random.choice(self._history)
        if frame[4:6] != SIGN_IN.to_bytes(2):
            self.post(frame)

    def manage(self) -> None:
        """Send a link transaction, or half-close."""
        dice = self._random.random()
        if dice < 0.6:
            self.post(self.build(ECHO))
        elif dice < 0.9:
            self.post(self.build(KEY_EXCHANGE, SIGN_IN_REQUEST.pack(client_random=self._random.randbytes(16))))
        elif dice < 0.95:
            self.post(self.build(SIGN_OUT))
        elif not self._outbox and not self.transport.is_paused:
            self.has_finished = True
            self.finish()

    def misbehave(self) -> None:
        """Hang up, garble a frame, stop taking replies, or send what is no frame."""
        dice = self._random.random()
        self.is_clean = False
        if dice < 0.4:
            self.vanish()
        elif dice < 0.7:
            frame = bytearray(self.build(STATUS, status(_ACCOUNTS[0], 1, TODAY)))
            frame[self._random.randrange(62, len(frame))] ^= 1 << self._random.randrange(8)
            self.post(bytes(frame))
        elif dice < 0.9 and self.transport.is_open and not self.transport.is_blocked:
            self.transport.block()
        else:
            self.post(b"\0\1")

    def vanish(self) -> None:
        """Break the connection, in the middle of whatever it is in."""
        if not self.is_gone:
            self.is_gone = True
            self._outbox.clear()
            self.hang_up()

    # --- the line

    def arrive(self) -> None:
        """Let a piece of what was sent arrive, cut anywhere; a paused or ended reader takes nothing."""
        if self.is_gone or not self._outbox or self.transport.is_paused or self.transport.disconnecting:
            return
        size = self._random.choice((1, 7, 97, 104, 500, 1_000, 4_096))
        piece = bytes(self._outbox[:size])
        del self._outbox[:size]
        frames = self._completed_by(piece)
        if not self.link.is_closed:  # else what arrives is read and forgotten
            for frame in frames:
                self.asked.setdefault(frame.match, []).append((frame.txn_code, frame.echo))
        self.send(piece)
        if self.link.is_closed and len(frames) > 1:  # which of them came too late cannot be told
            self.is_clean = False

    def _completed_by(self, piece: bytes) -> list[Frame]:
        """Return the requests that are whole when ``piece`` has arrived."""
        self._arrived += piece
        frames = []
        while len(self._arrived) >= 2 and len(self._arrived) >= (length := int.from_bytes(self._arrived[:2]) + 2):
            frames.append(Frame(bytes(self._arrived[:length]), b"", ""))
            del self._arrived[:length]
        return [frame for frame in frames if len(frame.raw) >= 106 and not frame.flags & RESPONSE]

    def read(self) -> None:
        """Take what the FEP has sent, and answer what it asks."""
        if self.is_gone:
            return
        for frame in self.frames():
            if frame.flags & RESPONSE:
                self.note(frame)
            elif not self.has_finished:
                self.post(self.answer(frame))
        if self.transport.is_blocked and self._random.random() < 0.5:
            self.transport.unblock()

    def note(self, frame: Frame) -> None:
        """Check a reply, and take up the keys that it carries."""
        told, asked = self.told.setdefault(frame.match, []), self.asked.get(frame.match, [])
        told.append(frame)
        assert len(told) <= len(asked), "more replies than requests"
        assert (frame.txn_code, frame.echo) in asked, "a reply that repeats no request"
        assert frame.mac_state == "right" or (frame.mac_state == "zero" and frame.code in UNAUTHENTICATED), frame
        if frame.code == "0000" and frame.mac_state == "right" and frame.txn_code in (SIGN_IN, KEY_EXCHANGE):
            self.take_keys(frame)
            self.post(self.build(ECHO))

    def codes(self) -> Counter[str]:
        """Return how often each code has been told that is not the link's own."""
        return Counter(
            frame.code
            for frames in self.told.values()
            for frame in frames
            if frame.code not in OF_THE_LINK and frame.txn_code not in (SIGN_IN, SIGN_OUT, KEY_EXCHANGE, ECHO)
        )


class Simulation:
    """One run; ``run`` raises AssertionError when a promise is broken."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self.gate = FaultyGate(self._random)
        self.rim = Rim(
            gate=self.gate,
            link={"in_flight_max": IN_FLIGHT_MAX, "key_lifetime": self._random.choice((60, 86_400, 86_400))},
            connections_max=CONNECTIONS_MAX,
            banks={"0102": {"terms": TERMS}},
        )
        self.gate.now = self.rim.clock.seconds
        self.banks: list[SimulatedBank] = []

    def run(self, steps: int) -> None:
        """Take some steps, then drain; check all the while."""
        for _ in range(steps):
            self._step()
            self._check_bounds()
        self._drain()
        self._check_end()

    def _step(self) -> None:
        dice = self._random.random()
        alive = [bank for bank in self.banks if not bank.is_gone]
        if dice < 0.03 or not alive:
            self._connect()
        elif dice < 0.13:
            self.gate.work()
        elif dice < 0.2:
            self.rim.pass_time(self._random.uniform(0.0, 0.6))
        elif dice < 0.202:  # the process was stopped for a while: the clock jumps, and then everything is late
            self.rim.clock.advance(self._random.uniform(5.0, 100.0))
            self.rim.check()
        else:
            self._random.choice(alive).act()
        self._bury()

    def _connect(self) -> None:
        connection = self.rim.factory.buildProtocol(IPv4Address("TCP", PEER, 40_000))
        assert (connection is None) == (len(self.rim.factory.connections) >= CONNECTIONS_MAX and connection is None)
        if connection is not None:
            self.banks.append(SimulatedBank(self.rim, connection, self._random))

    def _bury(self) -> None:
        """A transport that was closed or aborted reports its end; one that is half-closed waits for the bank's."""
        for bank in self.banks:
            if bank.transport.disconnecting and not bank.is_gone:
                if not bank.transport.disconnected:
                    bank.read()
                bank.is_clean = False
                bank.vanish()

    def _drain(self) -> None:
        drained = self.rim.factory.drain()
        for _ in range(120):
            self.rim.pass_time(0.25)
            self.gate.work()
            for bank in self.banks:
                if bank.transport.is_half_closed and not bank.is_gone:
                    bank.read()
                    bank.vanish()
                bank.read()
            self._bury()
        assert drained.called, "a drain that does not end"

    # --- promises

    def _check_bounds(self) -> None:
        assert len(self.rim.factory.connections) <= CONNECTIONS_MAX
        assert len(self.rim.services.in_work) <= CONNECTIONS_MAX * IN_FLIGHT_MAX + len(self.banks) * IN_FLIGHT_MAX
        for bank in self.banks:
            assert 0 <= bank.link.in_flight <= IN_FLIGHT_MAX
            assert len(bank.transport.value()) <= WRITE_BUFFER_BYTES + (IN_FLIGHT_MAX + 1) * REPLY_BYTES_MAX

    def _check_end(self) -> None:
        assert len(self.rim.services.in_work) == 0
        for fate in self.gate.fates:
            if fate.code is None:
                fate.code = overdue_code(fate)
            assert fate.code == "1011" or fate.ticket.is_answered, "a request without an end"
        for bank in self.banks:
            assert bank.link.in_flight == 0
            self._check_codes(bank)
            self._check_durable(bank)
        check_books(self.gate.ledger)

    def _check_codes(self, bank: SimulatedBank) -> None:
        """What the gate did is what the bank is told: unknown as unknown, refused as refused, nothing invented."""
        fates = Counter(
            fate.code for fate in self.gate.fates if fate.ticket.link is bank.link and fate.code not in OF_THE_LINK
        )
        invented = bank.codes() - fates
        assert not invented, f"told {invented}, which the gate never said"
        if bank.is_clean:
            assert bank.codes() == fates, "a reply is missing"
            for match, asked in bank.asked.items():
                assert len(bank.told.get(match, [])) == len(asked), "a request without a reply"

    def _check_durable(self, bank: SimulatedBank) -> None:
        """An authentic 0000 to a money request stands in the journal under its number, whatever became of it since."""
        rows = {row.identity: row for row in self.gate.ledger.journal()}
        for frames in bank.told.values():
            for frame in frames:
                if frame.code == "0000" and frame.txn_code in (PAY, CANCEL, REVERSE):
                    row = rows[Identity("0102", TODAY, f"{frame.serial:012d}")]
                    assert frame.fep_serial == f"{row.fep_serial:012d}"
