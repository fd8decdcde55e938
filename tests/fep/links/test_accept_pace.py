"""The pace of a listening port: strangers take a part of the loop's time, whatever their number."""

from twisted.internet.task import Clock

from fep.links.accept_pace import ACCEPTS_MAX, CREDIT_S, SHARE, AcceptPace, accept_time


class Port:
    """A listening port with strangers without end, a millisecond each; as Twisted's, it takes more each time."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.numberAccepts = 100
        self.connected = True
        self.is_read = True
        self.accepted = 0
        self.most = 0

    def doRead(self) -> None:
        self.accepted += self.numberAccepts
        self.most = max(self.most, self.numberAccepts)
        self.clock.rightNow += 0.001 * self.numberAccepts
        self.numberAccepts += 20

    def stopReading(self) -> None:
        self.is_read = False

    def startReading(self) -> None:
        self.is_read = True


def test_a_flood_of_strangers_gets_its_share() -> None:
    """So many in a round, and then nobody until that was their share; it goes on by itself."""
    clock = Clock()
    clock.advance(1000)
    port = Port(clock)
    pace = AcceptPace(port, accept_time(clock.seconds), clock.callLater)
    while clock.seconds() < 1010:
        if port.is_read:
            port.doRead()
        assert pace.is_resting is not port.is_read
        clock.advance(0.001)

    assert port.most == ACCEPTS_MAX
    assert SHARE * 9 < port.accepted * 0.001 <= SHARE * (10 + CREDIT_S) + ACCEPTS_MAX * 0.001


def test_a_port_that_is_closed_stays_so() -> None:
    """It is not read again after its rest."""
    clock = Clock()
    port = Port(clock)
    AcceptPace(port, accept_time(clock.seconds), clock.callLater)
    while port.is_read:
        port.doRead()
    port.connected = False
    clock.advance(60)
    assert not port.is_read


def test_ports_share_the_time() -> None:
    """Two that are flooded take no more than one."""
    clock = Clock()
    clock.advance(1000)
    time, ports = accept_time(clock.seconds), [Port(clock), Port(clock)]
    for port in ports:
        AcceptPace(port, time, clock.callLater)
    while clock.seconds() < 1010:
        for port in ports:
            if port.is_read:
                port.doRead()
        clock.advance(0.001)
    accepted = sum(port.accepted for port in ports)
    assert accepted * 0.001 <= SHARE * (10 + CREDIT_S) + 2 * ACCEPTS_MAX * 0.001
