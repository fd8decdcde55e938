"""What happens to a site in a soak run 运维事件: reloads, new keys, new bills, banks that come and go, onlookers."""

import csv
import http.client
import json
import os
import re
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import count
from random import Random

from tests.soak.books import Books
from tests.soak.lines import BankKeys
from tests.soak.site import Site, WatchedDaemon
from tests.support.daemon import fep
from tests.support.raw_bank import now, today
from tests.system.billing import BILL_COLUMNS

REKEYED = ("0102", "0103")
GUEST = "0106"
_RELOAD_LIMIT_S = 60.0
_BILLS_OF_AN_ISSUE = 150
_SEQUENCES = 90  # bills of one account and month
_SUSPENDED_S = 1.0
_PARITY = bytes.maketrans(bytes(range(256)), bytes((b & 0xFE) | ((b >> 1).bit_count() + 1) % 2 for b in range(256)))


class Events:
    """One event after the other, in an order that is a function of the seed.

    Args:
        window: how long an old pair of keys is still good for, by the run's clock.
    """

    def __init__(self, site: Site, keys: Mapping[str, BankKeys], books: Books, dice: Random, window: timedelta) -> None:
        self._site, self._keys, self._books, self._dice, self._window = site, keys, books, dice, window
        self._issues, self._bills = count(), count()
        self._levels = 0
        self._windows_end = dict.fromkeys(REKEYED, now() - timedelta(seconds=1))
        self._config = ("--config", site.directory / "fep.toml")

    def of_a_day(self, *, is_short: bool) -> Iterator[Callable[[], None]]:
        """Yield the events of one day, each of them once."""
        events = [self.issue_bills, self.change_limits, self.change_keys, self.look_at_status, self.take_a_guest]
        if not is_short:
            events += [
                self.suspend,
                self.refuse_a_mistake,
                self.close_a_link,
                self.look_at_frames,
                self.change_log_level,
                self.list_links,
            ]
        self._dice.shuffle(events)
        yield from events

    # -- the configuration is read again

    def change_limits(self) -> None:
        """Another single limit for a bank, above what anybody pays."""
        limit_fen = self._dice.randrange(50_000_000, 100_000_000)
        for code in ("0102", "0104"):
            self._site.daemon.configure_bank(code, "limits", single_fen=limit_fen)
        self._reload()

    def change_log_level(self) -> None:
        """More lines, then fewer."""
        self._levels += 1
        for daemon in self._site.watched:
            daemon.configure("log", level=("info", "debug")[self._levels % 2])
        self._reload()

    def take_a_guest(self) -> None:
        """A bank of its own comes with a reload, and goes with the next one."""
        path = self._site.directory / "banks" / f"{GUEST}_guest.toml"
        head = f'bank_code = "{GUEST}"\nname = "guest"\naddresses = ["127.0.0.2"]\ndialect = "elec02"\n'
        path.write_text(head + 'node = "306"\naccept_no_mac = true\nline_protection = "loopback"\n', "utf-8")
        self._reload()
        path.unlink()
        self._reload()

    def refuse_a_mistake(self) -> None:
        """A file with a mistake changes nothing."""
        (path,) = (self._site.directory / "banks").glob("0104*.toml")
        text = path.read_text("utf-8")
        path.write_text("no_such_key = 1\n" + text, "utf-8")
        self._reload("reload_refused")
        path.write_text(text, "utf-8")
        self._reload()

    def change_keys(self) -> None:
        """A bank gets another pair of keys; the old one is good for a while still, and its programs change over."""
        bank_code = self._dice.choice(REKEYED)
        if now() < self._windows_end[bank_code]:
            return  # two pairs are accepted already
        ak, kek = (os.urandom(16).translate(_PARITY) for _ in range(2))
        words: list[object] = []
        for kind, key in (("ak", ak), ("kek", kek)):
            path = self._site.directory / f"{bank_code}.{kind}"
            path.touch(mode=0o600)
            path.write_text(key.hex(), "ascii")
            words += [f"--{kind}-file", path]
        self._fep("keys", "import", bank_code, *words)
        listed = self._fep("keys", "list", "--all")
        versions = [int(found[1]) for found in re.finditer(rf"^{bank_code}\t[^\t]*\t(\d+)\t", listed, re.MULTILINE)]
        until = (now() + self._window).replace(microsecond=0, tzinfo=None)
        self._windows_end[bank_code] = now() + self._window + timedelta(seconds=1)
        if not self._fep("keys", "activate", bank_code, f"{max(versions)}", "--until", f"{until}"):
            return  # which is a fault by now; its programs stay with the keys that they have
        self._reload()
        self._keys[bank_code].ak, self._keys[bank_code].kek = ak, kek
        self._books.note("keys changed")

    def _reload(self, event: str = "reloaded") -> None:
        before = [daemon.told(event) for daemon in self._site.watched]
        for daemon in self._site.daemons:
            daemon.signal(signal.SIGHUP)
        deadline_s = time.monotonic() + _RELOAD_LIMIT_S
        for daemon, count_before in zip(self._site.watched, before, strict=True):
            while daemon.told(event) == count_before:
                if time.monotonic() > deadline_s:
                    self._books.fault(f"a reload was not {event}")
                    return
                time.sleep(0.02)
        self._books.note(event)

    # -- the utility's side

    def issue_bills(self) -> None:
        """New bills are loaded; those of mandates are pushed."""
        issue = next(self._issues)
        month = f"{2030 + issue // _SEQUENCES // 12:04d}{issue // _SEQUENCES % 12 + 1:02d}"
        path = self._site.directory / "issue.csv"
        accounts = self._dice.sample(self._site.accounts, min(_BILLS_OF_AN_ISSUE, len(self._site.accounts)))
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(BILL_COLUMNS.split(","))
            for account_no in (*self._site.pushed_accounts, *accounts):
                bill = f"SB{next(self._bills):08d}", account_no, month, issue % _SEQUENCES + 1
                due = f"{today() + timedelta(days=10):%Y%m%d}"
                writer.writerow((*bill, 12_300, 100_000, 112_300, self._dice.randrange(500, 9_000), due))
        self._fep("load", path)
        self._books.note("bills issued")

    def suspend(self) -> None:
        """A bank is suspended by an operator for a moment, and waits."""
        for daemon in self._site.watched:
            self._fep("bank", "suspend", "0105", of=daemon)
        time.sleep(_SUSPENDED_S)
        for daemon in self._site.watched:
            self._fep("bank", "resume", "0105", of=daemon)
        self._books.note("bank suspended")

    def close_a_link(self) -> None:
        """An operator closes a connection that is at work."""
        daemon = self._dice.choice(self._site.watched)
        said = self._fep("links", "--json", of=daemon)
        links = json.loads(said or "[]")
        if links:
            number = self._dice.choice(links)["link"]
            result = fep("link", "close", str(number), "--config", daemon.config)  # it may have gone by now
            self._books.note(f"link closed, exit code {result.returncode}")

    # -- onlookers

    def look_at_status(self) -> None:
        """The status of each daemon, and the pages for monitoring."""
        for daemon in self._site.watched:
            self._fep("status", of=daemon)
            self.look_at_pages(daemon)

    def look_at_pages(self, daemon: WatchedDaemon) -> None:
        """What Prometheus and a load balancer ask."""
        for name in ("metrics", "ready", "health"):
            status, _ = page(daemon, name)
            if status != 200:
                self._books.fault(f"/{name}: {status}")
        self._books.note("pages read")

    def list_links(self) -> None:
        """The links of each daemon."""
        for daemon in self._site.watched:
            self._fep("links", of=daemon)

    def look_at_frames(self) -> None:
        """An auditor watches a bank's frames for a second."""
        self._fep("tail", "--bank", "0102", "--for", "1", of=self._site.watched[0])

    def _fep(self, *words: object, of: WatchedDaemon | None = None) -> str:
        """Run a command and return what it said; nothing, and a fault, when it was not done."""
        config = self._config if of is None else ("--config", of.config)
        result = fep(*map(str, words), *config, timeout_s=120.0)
        said = result.stdout + result.stderr
        if result.returncode or "Traceback" in result.stderr:
            self._books.fault(f"fep {' '.join(map(str, words[:2]))}: exit code {result.returncode}: {said[-1_500:]}")
            return ""
        return said


def page(daemon: WatchedDaemon, name: str) -> tuple[int, str]:
    """Return status and text of one of the pages for monitoring."""
    connection = http.client.HTTPConnection("127.0.0.1", daemon.metrics_port, timeout=10)
    try:
        connection.request("GET", f"/{name}")
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8")
    finally:
        connection.close()
