"""Desk 文件柜台: file work waits here in lines, one for each file, and threads of its own do it.

Everything here is the event loop's; only what ``in_thread`` is given runs elsewhere. A file that is whole but large is
checked in a thread apart, one file at a time. The bank's request is held for two seconds, in which most are done; then
it is told that everything has come and nothing is complete yet, and asks again with an empty chunk. So a bank that asks
at once, and for ever, asks every two seconds.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from fep.files.intake import Unchecked
from fep.files.work import FileWork
from protocol.canonical.messages import Answer
from protocol.files.transfer import FileChunk, FilePutReply
from protocol.response_codes import ResponseCode

WAITING_MAX = 64
"""Requests of one bank that wait: as many chunks as a bank of today sends ahead. One bank fills its own lines only."""

THREADS = 2
"""That move chunks: a disk that hangs for one bank leaves the other thread. With more they wait for the interpreter."""

HELD_S = 2.0
_VERDICTS_MAX = 256
"""Refusals of large files that nobody has heard yet; who misses his sends the file once more, and is told then."""

Run = Callable[[], Answer | Unchecked]
InThread = Callable[[Run, Callable[[object], None]], None]
"""Calls a function in a thread, and with its result, or what it raised, another one in the event loop."""

Work = Callable[..., Answer | Unchecked]

_log = structlog.get_logger()

_Put = tuple[str, str, bytes, int]
"""Bank, name, digest and size of a file that is put."""


@dataclass(slots=True)
class _Held:
    """A request whose file is being checked; ``put`` is None when another daemon does it."""

    work: FileWork
    due_s: float
    put: _Put | None


@dataclass(slots=True)
class _Line:
    works: deque[FileWork] = field(default_factory=deque)
    is_busy: bool = False


class FileDesk:
    """Takes file work as the gate takes the rest.

    Args:
        worker: does one piece of work (``fep.files.work.FileWorker``).
        in_thread: runs it.
        seconds: monotonic time.
    """

    def __init__(self, worker: Work, in_thread: InThread, seconds: Callable[[], float]) -> None:
        self._worker = worker
        self._in_thread = in_thread
        self._seconds = seconds
        self._waiting: Counter[str] = Counter()
        self._lines: dict[tuple[str, str], _Line] = {}
        self._ready: deque[tuple[str, str]] = deque()
        self._running = 0
        self._unchecked: dict[_Put, FileWork] = {}
        self._is_checking = False
        self._held: list[_Held] = []
        self._verdicts: OrderedDict[_Put, object] = OrderedDict()

    def submit(self, work: FileWork) -> None:
        """Take work in; ``work.done`` is called once, with 1011 when too much waits already."""
        bank_code = work.bank.bank_code
        if self._waiting[bank_code] >= WAITING_MAX:
            return work.done(Answer(ResponseCode.BUSY))
        self._waiting[bank_code] += 1
        line = self._lines.setdefault(work.line, _Line())
        line.works.append(work)
        if len(line.works) == 1 and not line.is_busy:
            self._ready.append(work.line)
        return self._begin()

    @property
    def waiting(self) -> int:
        """Requests that have not been begun."""
        return self._waiting.total()

    def check(self, now: float) -> None:
        """Answer the requests that have been held for long enough at ``now`` (monotonic seconds)."""
        due = [held for held in self._held if held.due_s <= now]
        self._held = [held for held in self._held if held.due_s > now]
        for held in due:
            _tell(held.work, _all_received(held.work))

    # --- chunks

    def _begin(self) -> None:
        while self._running < THREADS and self._ready:
            key = self._ready.popleft()
            line = self._lines[key]
            work = line.works.popleft()
            self._waiting[key[0]] -= 1
            if self._is_answered_at_once(work):
                self._next_of(key)
                continue
            line.is_busy = True
            self._running += 1
            work.fate.may_be_stored = work.stores
            self._in_thread(lambda work=work: self._worker(work), lambda result, work=work: self._ran(work, result))  # type: ignore[misc]

    def _is_answered_at_once(self, work: FileWork) -> bool:
        """Answer what needs no thread: work that is too late, and a put of a file that is or was being checked."""
        if work.deadline <= self._seconds():
            _tell(work, Answer(ResponseCode.BUSY))
            return True
        put = _put_of(work)
        if put is None:
            return False
        if put in self._unchecked:
            self._hold(work, put)
            return True
        if put in self._verdicts:
            _tell(work, self._verdicts.pop(put))
            return True
        return False

    def _ran(self, work: FileWork, result: object) -> None:
        self._running -= 1
        self._lines[work.line].is_busy = False
        self._next_of(work.line)
        self._begin()
        if result is Unchecked.LARGE:
            self._check_later(work)
        elif result is Unchecked.ELSEWHERE:
            self._hold(work, None)
        else:
            _tell(work, result)

    def _next_of(self, key: tuple[str, str]) -> None:
        """Let the line wait for its next turn, behind the others; one that is empty is forgotten."""
        line = self._lines[key]
        if line.works:
            self._ready.append(key)
        else:
            del self._lines[key]
        if not self._waiting[key[0]]:
            del self._waiting[key[0]]

    def _hold(self, work: FileWork, put: _Put | None) -> None:
        now = self._seconds()
        # Half of what is left, should the deadline be near: the answer must come from here.
        self._held.append(_Held(work, now + min(HELD_S, (work.deadline - now) / 2), put))

    # --- large files

    def _check_later(self, work: FileWork) -> None:
        put = _put_of(work)
        assert put is not None, "only a put is checked"
        self._unchecked[put] = work
        self._hold(work, put)
        self._check_next()

    def _check_next(self) -> None:
        if self._is_checking or not self._unchecked:
            return
        self._is_checking = True
        put, work = next(iter(self._unchecked.items()))
        self._in_thread(lambda: self._worker(work, at_leisure=True), lambda result: self._checked(put, result))

    def _checked(self, put: _Put, result: object) -> None:
        """Tell everybody who waits for it; a refusal that nobody waits for is kept for the bank's next request."""
        self._is_checking = False
        del self._unchecked[put]
        waiting = [held for held in self._held if held.put == put]
        self._held = [held for held in self._held if held.put != put]
        if not waiting and isinstance(result, Answer) and result.code is ResponseCode.FILE_CONTENT_WRONG:
            self._verdicts[put] = result
            if len(self._verdicts) > _VERDICTS_MAX:
                self._verdicts.popitem(last=False)
        for held in waiting:
            _tell(held.work, _all_received(held.work) if isinstance(result, Unchecked) else result)
        self._check_next()


def _put_of(work: FileWork) -> _Put | None:
    """Return which file is put, None by other work."""
    body = work.body
    return (*work.line, body.sha256, body.total_size) if isinstance(body, FileChunk) else None


def _tell(work: FileWork, result: object) -> None:
    try:
        work.done(result)
    except Exception as error:  # noqa: BLE001 - one reply that cannot be built must not keep the others waiting
        _log.error("reply_failed", error=error)


def _all_received(work: FileWork) -> Answer:
    """Say that all has come, but is not complete."""
    assert isinstance(work.body, FileChunk), "only a put is held"
    reply = FilePutReply(work.body.file_name, work.body.total_size, is_complete=False)
    return Answer(ResponseCode.APPROVED, reply)
