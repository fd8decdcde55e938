"""One run 一次测试: tellers at work, strikes at their moments, a line every five seconds, and the verdict."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from fep.language import say
from tests.chaos import books, replies
from tests.chaos.closing import close
from tests.chaos.findings import Finding
from tests.chaos.journal import Journal
from tests.chaos.link import Link
from tests.chaos.plan import intents, strikes
from tests.chaos.site import BANK_WAIT_S, BANKS, Site, running_site
from tests.chaos.teller import Teller
from tests.chaos.watch import Watch
from tests.chaos.wrecker import Struck, Wrecker

_END_LIMIT_S = 150.0  # two outcomes may have to be resolved one after the other, 60 s each

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Options:
    """What a run is given."""

    seed: int = 1
    seconds: float = 60.0
    connections: int = 64
    accounts: int = 500
    database: str = "postgresql"
    evidence: Path | None = None


@dataclass
class Verdict:
    """What a run found, and what its summary tells."""

    journal: Journal
    findings: list[Finding] = field(default_factory=list)
    struck: list[Struck] = field(default_factory=list)

    @property
    def blows(self) -> Counter[str]:
        """How often each blow fell, by its name."""
        return Counter(struck.strike.blow.value for struck in self.struck)

    @property
    def resolved(self) -> int:
        """How many requests had an unknown outcome for some time."""
        return sum(entry.was_uncertain for entry in self.journal.entries)

    @property
    def longest_silence_s(self) -> float:
        """The longest time in which no money request was approved."""
        moments = sorted(s.answered_s for s in self.journal.ended if s.approved and s.answered_s is not None)
        return max((later - earlier for earlier, later in pairwise(moments)), default=0.0)


def run(options: Options, tell: Tell = print) -> Verdict:
    """Carry out one run and judge it; ``tell`` takes the progress, a line at a time."""
    journal = Journal()
    verdict = Verdict(journal)
    with running_site(options.seed, options.accounts, options.database) as site:
        try:
            _work(site, options, verdict, tell)
            _judge(site, options, verdict, tell)
        finally:
            if options.evidence is not None:
                _write_evidence(options.evidence, site, verdict)
    return verdict


def _work(site: Site, options: Options, verdict: Verdict, tell: Tell) -> None:
    """Let the tellers work while the site is struck, until all has healed and every request has its end."""
    calm, over, journal, daemons = threading.Event(), threading.Event(), verdict.journal, site.daemons
    tellers = [
        Teller(
            Link(number, BANKS[number % len(BANKS)], daemons, journal, BANK_WAIT_S, number % len(daemons)),
            intents(options.seed, number, options.accounts, len(daemons)),
            site.accounts,
            journal,
            calm,
            over,
        )
        for number in range(options.connections)
    ]
    started_s = time.monotonic()
    wrecker = Wrecker(site, strikes(options.seed, options.seconds, options.database), started_s)
    verdict.struck = wrecker.struck
    for teller in tellers:
        teller.start()
    Watch(site, journal, wrecker, started_s, calm).keep(options.seconds, tell)
    over.set()
    deadline_s = time.monotonic() + _END_LIMIT_S
    for teller in tellers:
        teller.join(max(0.0, deadline_s - time.monotonic()))
        if teller.is_alive():
            verdict.findings.append(Finding("every request has an end", f"{teller.name} is still waiting"))
        if teller.failure:
            verdict.findings.append(Finding("every reply is well formed", teller.failure))


def _judge(site: Site, options: Options, verdict: Verdict, tell: Tell) -> None:
    """Ask the daemons about everything, stop them, and hold the books against what the banks know."""
    tell(say(en="all is up again; asking for every request …", zh="全部恢复, 正在逐笔核对 …"))
    journal, findings = verdict.journal, verdict.findings
    ending = close(site, journal, options.seed)
    for number, daemon in enumerate(site.daemons):
        code = daemon.stop()
        if code:
            findings.append(Finding("a daemon stops in order", f"daemon {number}: exit code {code}"))
    findings += [Finding("every reply is authentic and every outcome is known", text) for text in journal.complaints]
    findings += [Finding("a daemon has no faults of its own", line) for line in site.output() if "Traceback" in line]
    findings += [
        Finding("the site heals", f"{struck.strike} was not over when the run ended")
        for struck in verdict.struck
        if struck.healed_s is None
    ]
    for invariant in replies.ALL:
        findings += invariant(journal)
    kept = books.read_books(site, journal, ending)
    for of_books in books.ALL:
        findings += of_books(kept)


def _write_evidence(folder: Path, site: Site, verdict: Verdict) -> None:
    """Write the banks' journal, what was struck when, and all logs into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    verdict.journal.write(folder / "journal.jsonl")
    struck = [f"{one.at_s:.3f} {one.righted_s} {one.healed_s} {one.strike}\n" for one in verdict.struck]
    (folder / "strikes.txt").write_text("".join(struck), encoding="utf-8")
    findings = [f"{line}\n" for finding in verdict.findings for line in finding.lines()]
    (folder / "findings.txt").write_text("".join(findings), encoding="utf-8")
    for number, daemon in enumerate(site.daemons):
        lines = [f"{line}\n" for line in daemon.output]
        (folder / f"daemon-{number}.log").write_text("".join(lines), encoding="utf-8")
    if site.server is not None:
        (folder / "postgresql.log").write_text(site.server.log(), encoding="utf-8")
