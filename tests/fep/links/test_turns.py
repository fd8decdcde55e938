"""Turns: a bank that sends without waiting holds nobody else up."""

from collections.abc import Callable

from fep.links.turns import FRAMES_MAX, Turns


class Line:
    """A connection of a bank with frames that have arrived."""

    def __init__(self, turns: Turns, bank: str, frames: int) -> None:
        self.turns, self.bank, self.frames = turns, bank, frames

    def take_turn(self) -> None:
        while self.frames and self.turns.takes(self.bank, self):
            self.frames -= 1
            self.turns.taken(self.bank)


def test_so_many_frames_of_a_bank_in_a_round() -> None:
    """The rest of them is taken in the rounds that follow, over all its connections; another bank is not concerned."""
    rounds: list[Callable[[], object]] = []
    turns = Turns(rounds.append)
    first, second = Line(turns, "0102", 100), Line(turns, "0102", 10)
    other = Line(turns, "0103", 5)
    for line in (first, second, other):
        line.take_turn()
    assert (first.frames, second.frames, other.frames) == (100 - FRAMES_MAX, 10, 0)

    rounds.pop()()
    assert (first.frames, second.frames, len(rounds)) == (0, 0, 1)
    rounds.pop()()
    assert rounds == []


def test_who_waits_longest_goes_first() -> None:
    """One connection with many frames and one with a single one: the single one is in the next round."""
    rounds: list[Callable[[], object]] = []
    turns = Turns(rounds.append)
    flood, quiet = Line(turns, "0102", 10 * FRAMES_MAX), Line(turns, "0102", 1)
    flood.take_turn()
    quiet.take_turn()
    rounds.pop()()
    assert quiet.frames == 1  # the flood had waited longer
    rounds.pop()()
    assert (quiet.frames, flood.frames) == (
        0,
        10 * FRAMES_MAX - 3 * FRAMES_MAX + 1,
    )  # one of that round was not the flood's


def test_a_connection_that_has_gone_has_no_turn() -> None:
    """Nothing is called that was lost meanwhile."""
    rounds: list[Callable[[], object]] = []
    turns = Turns(rounds.append)
    line = Line(turns, "0102", 100)
    line.take_turn()
    turns.leave("0102", line)
    rounds.pop()()
    assert line.frames == 100 - FRAMES_MAX


def test_one_that_fails_costs_the_others_no_turn(monkeypatch, logs) -> None:
    """A bug that one connection meets is logged; the links of that bank and of others that wait have their turns."""
    rounds: list[Callable[[], object]] = []
    turns = Turns(rounds.append)
    lines = [Line(turns, "0102", FRAMES_MAX + 1), Line(turns, "0102", 1), Line(turns, "0103", FRAMES_MAX + 1)]
    for line in lines:
        line.take_turn()

    def fail() -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(lines[0], "take_turn", fail)
    rounds.pop()()
    assert [line.frames for line in lines[1:]] == [0, 0]
    assert [event["event"] for event in logs] == ["turn_failed"]
