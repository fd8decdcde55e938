"""Guests: whoever has not signed in gets a part of the time, a place, and leaves for one who comes later."""

from twisted.internet.task import Clock

from fep.links.guests import CREDIT_S, SHARE, Guests, places

MAX = 64
"""Connections in all: each owner has sixteen places."""


class Visitor:
    """A guest that asks for the time when it is its turn, and costs ten milliseconds each time."""

    def __init__(self, guests: Guests, clock: Clock, frames: int = 1) -> None:
        self.guests, self.clock, self.frames = guests, clock, frames
        self.taken_s: list[float] = []
        self.is_evicted = False

    def take_turn(self) -> None:
        while self.frames and self.guests.takes(self):
            self.frames -= 1
            self.taken_s.append(self.clock.seconds())
            self.guests.time.spent(0.01)

    def evict(self) -> None:
        self.is_evicted = True


def house() -> tuple[Guests, Clock]:
    clock = Clock()
    clock.advance(1000)
    return Guests(clock.callLater, clock.seconds), clock


def pass_time(clock: Clock, seconds: float) -> None:
    for _ in range(round(seconds / 0.001)):
        clock.advance(0.001)


def test_a_few_are_taken_at_once() -> None:
    """Banks that sign in after a pause are not held up."""
    guests, clock = house()
    visitor = Visitor(guests, clock, frames=2)
    guests.enter(visitor, "0102", MAX)
    visitor.take_turn()
    assert visitor.taken_s == [1000, 1000]


def test_a_storm_gets_its_share_and_no_more() -> None:
    """Whatever they send, the frames of guests cost their part of each second, beside what was saved up."""
    guests, clock = house()
    visitors = [Visitor(guests, clock, frames=1000) for _ in range(5)]
    for visitor in visitors:
        guests.enter(visitor, "0102", MAX)
        visitor.take_turn()
    pass_time(clock, 10)

    spent_s = sum(len(visitor.taken_s) for visitor in visitors) * 0.01
    assert SHARE * 9 < spent_s <= SHARE * (10 + CREDIT_S) + 0.01


def test_owners_take_turns() -> None:
    """A storm from one bank's addresses does not hold up a sign-in from another's."""
    guests, clock = house()
    for _ in range(10):
        storming = Visitor(guests, clock, frames=1000)
        guests.enter(storming, "0102", MAX)
        storming.take_turn()
    bank = Visitor(guests, clock)
    guests.enter(bank, "0103", MAX)
    bank.take_turn()
    assert bank.taken_s == []
    pass_time(clock, 3 * 0.01 / SHARE)
    assert len(bank.taken_s) == 1


def test_the_last_to_come_is_the_first_served() -> None:
    """Of one owner's: those that came before wait, and are taken when nobody else comes."""
    guests, clock = house()
    storming = Visitor(guests, clock, frames=10)
    guests.enter(storming, "0102", MAX)
    storming.take_turn()
    first, second = Visitor(guests, clock), Visitor(guests, clock)
    for visitor in (first, second):
        guests.enter(visitor, "0102", MAX)
        visitor.take_turn()
    pass_time(clock, 5)
    assert first.taken_s > second.taken_s


def test_the_eldest_leaves_for_a_new_one() -> None:
    """A place is never refused for want of a sign-in; who is signed in has left the guests before."""
    guests, clock = house()
    visitors = [Visitor(guests, clock) for _ in range(places(MAX) + 2)]
    for visitor in visitors[:-2]:
        assert not guests.enter(visitor, "0102", MAX)
    guests.leave(visitors[0])  # has signed in
    assert not guests.enter(visitors[-2], "0102", MAX)
    assert guests.enter(visitors[-1], "0102", MAX)
    assert [visitor.is_evicted for visitor in visitors[:3]] == [False, True, False]
    assert len(guests) == places(MAX)


def test_one_who_has_gone_has_no_turn() -> None:
    """What waited is forgotten with its connection."""
    guests, clock = house()
    storming = Visitor(guests, clock, frames=10)
    guests.enter(storming, "0102", MAX)
    storming.take_turn()
    guests.leave(storming)
    taken = len(storming.taken_s)
    pass_time(clock, 1)
    assert len(storming.taken_s) == taken
    assert len(guests) == 0


def test_room_is_made_by_whoever_has_most() -> None:
    """When no connection is left, a guest of the fullest owner leaves; never for one of the same owner."""
    guests, clock = house()
    many = [Visitor(guests, clock) for _ in range(3)]
    for visitor in many:
        guests.enter(visitor, "0102", MAX)
    assert not guests.make_room("0102")
    assert guests.make_room("0103")
    assert [visitor.is_evicted for visitor in many] == [True, False, False]


def test_one_that_fails_costs_the_others_no_turn(monkeypatch, logs) -> None:
    """A bug that one connection meets ends that connection; those that wait behind it have their turns."""
    guests, clock = house()
    visitors = [Visitor(guests, clock, frames=20), Visitor(guests, clock), Visitor(guests, clock)]
    for number, visitor in enumerate(visitors):
        guests.enter(visitor, f"010{number}", MAX)
        visitor.take_turn()
    assert [visitor.frames > 0 for visitor in visitors] == [True] * 3

    def fail() -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(visitors[0], "take_turn", fail)
    pass_time(clock, 1)
    assert [visitor.frames for visitor in visitors[1:]] == [0, 0]
    assert visitors[0].is_evicted
    assert len(guests) == 2
    assert [event["event"] for event in logs] == ["turn_failed"]
