"""One soak run 一次耐久测试: banks at work, events, days that end, samples, and the verdict."""

import re
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

from fep.language import say
from tests.soak import scaled_clock
from tests.soak.books import NAMES, Books
from tests.soak.clerk import Clerk
from tests.soak.client import ANSWER_LIMIT_S, Client
from tests.soak.events import REKEYED, Events, page
from tests.soak.lines import BankKeys
from tests.soak.pushed import PushedBank
from tests.soak.samples import Growth, Sampler, growths
from tests.soak.site import BANKS, PUSHED, Site, running_site
from tests.soak.slope import Verdict
from tests.support.raw_bank import SESSION_KEYS, now
from tests.system.database import audit

DAY_S = 86_400
SHORT_DAY_S = 60.0
"""In a day that is shorter there is no time for every event."""
_KEY_WINDOW_SHARE = 0.25  # of a day: how long both pairs of a bank's keys are accepted
_KEY_WINDOW_MIN_S = 30.0  # by the machine's clock, for commands that take seconds on a busy one
_PAGES_EVERY_S = 15.0  # as often as Prometheus scrapes
_LINE_EVERY_S = 30.0
_END_LIMIT_S = 2 * ANSWER_LIMIT_S + 30.0
_PUSHES_LIMIT_S = 120.0
_REST_LIMIT_S = 30.0
_MEANT = '"event": "reload_refused"'
"""A line of level error that the run itself brings about."""
_CUT_BY_THE_CLOCK = "QueryCanceled 57014"
"""A statement that was at work when the clock stepped: PostgreSQL measures its statement_timeout by the wall clock. The
batch is run again, and nobody notices; with a clock that nobody sets it is a finding."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What a run is given."""

    seconds: float
    days: int = 7
    seed: int = 1
    banks: int = len(BANKS)
    links: int = 24
    accounts: int = 2_000
    database: str = "sqlite"
    csv: Path = Path("soak.csv")

    @property
    def day_s(self) -> float:
        """How long a day of the run's clock is."""
        return self.seconds / self.days


class Run:
    """Everything of one run, between the start of its site and the end."""

    def __init__(self, site: Site, options: Options, folder: Path, tell: Tell) -> None:
        self.site, self.options, self.tell = site, options, tell
        self.books = Books(folder)
        self.findings: list[str] = []
        self.growths: list[Growth] = []
        self.keys = {code: BankKeys() for code in (*BANKS, *REKEYED)}
        self._over, self._clerk_over = threading.Event(), threading.Event()
        banks = BANKS[: options.banks]
        pause_s = min(0.5, options.seconds / 60)
        self._clients = [
            Client(
                number,
                banks[number % len(banks)],
                site.port,
                self.keys,
                site.accounts,
                self.books,
                Random(f"{options.seed}/client/{number}"),
                pause_s,
                self._over,
            )
            for number in range(options.links)
        ]
        self._pushed = PushedBank(site.port, self.books, self._clerk_over)
        self._clerk = Clerk(site, self.keys, self.books, self._clerk_over)
        pace = DAY_S / options.day_s if scaled_clock.is_running() else 1.0
        window_s = pace * max(options.day_s * _KEY_WINDOW_SHARE, _KEY_WINDOW_MIN_S)
        self._events = Events(
            site,
            self.keys,
            self.books,
            Random(f"{options.seed}/events"),
            timedelta(seconds=window_s),
        )

    def work(self) -> None:
        """Let everybody work for the time of the run, and everything come to its end."""
        options = self.options
        sampler = Sampler(self.site.watched, self.books, options.csv, options.day_s)
        for thread in (self._pushed, self._clerk, *self._clients, sampler):
            thread.start()
        self._let_days_pass()
        sampler.end()
        self.growths = growths(sampler.samples, options.seconds)
        self.tell(say(en="what has begun comes to its end …", zh="正在结束已开始的业务 …"))
        self._over.set()
        for client in self._clients:
            self._join(client)
        self._end_of_pushes()
        self.tell(say(en="the last days are settled, and the books compared …", zh="正在结清最后各日并核对账务 …"))
        self._clerk_over.set()
        for thread in (self._clerk, self._pushed):
            self._join(thread)
        self._clerk.settle()
        self._books_agree()
        self._rest()

    def _join(self, thread: Client | Clerk | PushedBank) -> None:
        thread.join(_END_LIMIT_S)
        if thread.is_alive():
            self.findings.append(f"{thread.name} is still waiting")
        if thread.failure:
            self.findings.append(f"{thread.name}: {thread.failure}")

    # -- the time of the run

    def _let_days_pass(self) -> None:
        """Carry out the events of each day, evenly over it; the day itself ends by the clock, or by command."""
        started_s = time.monotonic()
        pages_s = line_s = started_s
        for day in range(self.options.days):
            events = list(self._events.of_a_day(is_short=self.options.day_s < SHORT_DAY_S))
            if not scaled_clock.is_running():
                events.append(self._close_day)
            for number, event in enumerate(events):
                due_s = started_s + (day + (number + 0.5) / len(events)) * self.options.day_s
                while time.monotonic() < due_s:
                    time.sleep(max(0.0, min(0.2, due_s - time.monotonic())))
                    if time.monotonic() >= pages_s:
                        pages_s += _PAGES_EVERY_S
                        for daemon in self.site.watched:
                            self._events.look_at_pages(daemon)
                    if time.monotonic() >= line_s:
                        line_s += _LINE_EVERY_S
                        self._line(time.monotonic() - started_s)
                event()
                SESSION_KEYS.clear()  # which the banks' programs keep to look for them in logs
        time.sleep(max(0.0, started_s + self.options.seconds - time.monotonic()))

    def _close_day(self) -> None:
        days = [self.books.days(code)[-1] for code in BANKS if self.books.days(code)]
        if days:
            self._clerk.command("day", "close", "all", "--date", f"{min(days)}")

    def _line(self, seconds: float) -> None:
        books, day = self.books, seconds / self.options.day_s
        counts = f"{books.answered:,}", f"{books.happened['connected']:,}", f"{books.happened['reloaded']}"
        settled = len(self._clerk.settled)
        self.tell(
            say(
                en=f"{seconds:5.0f} s  day {day:.2f}  answered {counts[0]}  connections {counts[1]}"
                f"  reloads {counts[2]}  days settled {settled}  faults {len(books.faults)}",
                zh=f"{seconds:5.0f} 秒  第 {day:.2f} 日  应答 {counts[0]}  连接 {counts[1]}"
                f"  重读配置 {counts[2]}  对账日 {settled}  异常 {len(books.faults)}",
            )
        )

    # -- the end

    def _end_of_pushes(self) -> None:
        """Wait until what was pushed is answered, and posted: the FEP pushes again until it is."""
        deadline_s = time.monotonic() + _PUSHES_LIMIT_S
        while time.monotonic() < deadline_s:
            ((left,),) = self.site.rows("SELECT count(*) FROM pushes WHERE state IN ('waiting', 'accepted')")
            if not left:
                return
            time.sleep(0.2)
        self.findings.append(f"{left} pushes have no end")

    def _books_agree(self) -> None:
        """Hold the database's sums of each bank and day against what the banks have written down."""
        rows = self.site.rows(
            "SELECT bank_code, clearing_date, movement, count(*), sum(amount_fen) FROM payments"
            " WHERE movement = 'pay' OR (movement IN ('cancel', 'reverse') AND outcome = 1)"
            " GROUP BY bank_code, clearing_date, movement"
        )
        ours = {(str(r[0]), str(r[1]), str(r[2])): (int(str(r[3])), int(str(r[4]))) for r in rows}
        theirs = {
            (code, f"{day:%Y%m%d}", NAMES[txn]): (totals.counts[txn], totals.amounts_fen[txn])
            for code, days in self.books.totals.items()
            for day, totals in days.items()
            for txn in totals.counts
        }
        pushed = sum(count for (code, _, _), (count, _) in ours.items() if code == PUSHED)
        if pushed != self._pushed.debited:
            self.findings.append(f"{self._pushed.debited} pushes were debited, {pushed} are in the books")
        for key in sorted(ours.keys() | theirs.keys()):
            if key[0] != PUSHED and ours.get(key) != theirs.get(key):
                self.findings.append(f"{key}: the banks have {theirs.get(key)}, the books {ours.get(key)}")
        self.findings += [f"{name}: {rows[:5]}" for name, rows in audit(self.site.directory).items()]
        self._clerk.command("audit", "sums")

    def _rest(self) -> None:
        """When all banks have gone, no connection is left."""
        for number, daemon in enumerate(self.site.watched, 1):
            deadline_s = time.monotonic() + _REST_LIMIT_S
            while not re.search(r"^fep_connections 0(\.0)?$", page(daemon, "metrics")[1], re.MULTILINE):
                if time.monotonic() > deadline_s:
                    self.findings.append(f"daemon {number} still has connections when all banks have gone")
                    break
                time.sleep(0.2)

    def judge(self) -> None:
        """Stop the daemons and add up what was found."""
        books = self.books
        for number, daemon in enumerate(self.site.watched, 1):
            if code := daemon.stop():
                self.findings.append(f"daemon {number} ended with exit code {code}")
            self.findings += [f"daemon {number}: {line}" for line in daemon.errors if not _is_harmless(line)][:20]
        self.findings += [f"unanswered: {text}" for text in books.unanswered]
        self.findings += books.faults
        self.findings += [growth.line() for growth in self.growths if growth.verdict is Verdict.GROWING]

    @property
    def settled(self) -> dict[tuple[str, date], int]:
        """Rows of each reconciled day."""
        return self._clerk.settled

    @property
    def debited(self) -> int:
        """How many pushed bills were debited."""
        return self._pushed.debited


def _is_harmless(line: str) -> bool:
    return _MEANT in line or (scaled_clock.is_running() and _CUT_BY_THE_CLOCK in line)


def run(options: Options, folder: Path, tell: Tell) -> Run:
    """Carry out one run; ``folder`` takes the banks' files, ``tell`` the progress."""
    with ExitStack() as stack:
        site = stack.enter_context(running_site(options.seed, options.accounts, options.database))
        stack.enter_context(
            scaled_clock.ScaledClock(DAY_S / options.day_s, options.days)
            if scaled_clock.is_running()
            else nullcontext()
        )
        began = now()
        one = Run(site, options, folder, tell)
        one.work()
        one.judge()
        passed = (now() - began).total_seconds() / DAY_S
        tell(say(en=f"the clock of the run went on by {passed:.1f} days", zh=f"运行时钟前进 {passed:.1f} 日"))
        return one
