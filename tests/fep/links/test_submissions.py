"""Submissions: a round of the loop goes to the gate together, and each piece of work is taken or answered."""

from collections.abc import Callable

from dbgate.errors import GateBusy
from dbgate.work import Needs, Work
from fep.links.submissions import Submissions


class Round:
    """The loop: what is to be called when its round ends."""

    def __init__(self) -> None:
        self.functions: list[Callable[[], object]] = []

    def end(self) -> None:
        functions, self.functions = self.functions, []
        for function in functions:
            function()


class Gate:
    """Takes ``room`` pieces of work and no more."""

    def __init__(self, room: int = 100) -> None:
        self.room = room
        self.works: list[Work] = []

    def submit(self, work: Work) -> None:
        if len(self.works) >= self.room:
            raise GateBusy("full")
        self.works.append(work)


def work(done: Callable[[object], None]) -> Work:
    return Work(Needs("0102"), lambda *_: None, False, 0.0, done)  # type: ignore[arg-type, return-value]


def test_what_a_round_brings_is_submitted_at_its_end():
    """In order of arrival, once, and a later round by itself."""
    loop, gate = Round(), Gate()
    submissions = Submissions(gate, loop.functions.append)
    works = [work(lambda _result: None) for _ in range(3)]
    submissions.add(works[0])
    submissions.add(works[1])
    assert (gate.works, len(loop.functions)) == ([], 1)
    loop.end()
    assert gate.works == works[:2]

    submissions.add(works[2])
    submissions.flush()
    loop.end()
    assert gate.works == works


def test_what_the_gate_does_not_take_is_answered():
    """Each refused request is told so, the others go on, and one whose reply cannot be built takes none along."""
    loop, gate = Round(), Gate(room=1)
    told: list[object] = []
    submissions = Submissions(gate, loop.functions.append)

    def failing(_result: object) -> None:
        raise ValueError("no reply")

    works = [work(told.append), work(failing), work(told.append)]
    for each in works:
        submissions.add(each)
    loop.end()

    assert gate.works == works[:1]
    assert [type(result) for result in told] == [GateBusy]
