"""The end of a run 收尾核对: everything is up and quiet, and the banks ask about all that they ever sent.

What is asked here goes into the journal too, so that the invariants of replies hold for it as for everything else.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.chaos.journal import FIRST_AUDITOR, UNDONE, Entry, Journal, Sending
from tests.chaos.link import Link
from tests.chaos.site import BANK_WAIT_S, BANKS, DB_TIMEOUT_S, Site
from tests.system import messages
from tests.system.messages import CANCEL, PAY, QUERY, RECON_TOTALS, REVERSE, STATUS, STATUS_REPLY, TOTALS_REPLY

_WINDOW = 64  # requests in one write; the daemon takes 256 of one connection
_REPEATED_MAX = 600
"""Approved requests that are sent again, a sample: each is one more transaction."""
_QUIET_S = DB_TIMEOUT_S + 1.0
"""A request is not begun after ``db_timeout``, so after that nothing moves that nobody waits for."""


@dataclass
class Account:
    """What QUERY shows of an account in the end."""

    balance_fen: int
    principal_due_fen: int


@dataclass
class Ending:
    """What the daemons say when all is quiet.

    Attributes:
        states: by entry, the fields of STATUS from each daemon that was asked.
        accounts: by account number.
        totals: by bank and clearing date, our totals and the fields of the reply.
    """

    states: dict[Entry, list[dict[str, Any]]]
    accounts: dict[str, Account] = field(default_factory=dict)
    totals: list[tuple[str, str, dict[str, int], dict[str, Any]]] = field(default_factory=list)


def wait_until_quiet(journal: Journal) -> None:
    """Return when no copy of a request that went unanswered can be under way any more."""
    last_s = max((s.sent_s for s in journal.sendings() if s.uncertain), default=0.0)
    time.sleep(max(0.0, last_s + _QUIET_S - time.monotonic()))


def close(site: Site, journal: Journal, seed: int) -> Ending:
    """Ask for every request, repeat a sample, look at every account, and compare the totals of each day."""
    wait_until_quiet(journal)
    ending = Ending({entry: [] for entry in journal.entries})
    with ThreadPoolExecutor(len(BANKS) * len(site.daemons)) as pool:
        links = [
            Link(FIRST_AUDITOR + at, bank_code, site.daemons, journal, BANK_WAIT_S, at % len(site.daemons))
            for at, bank_code in enumerate(bank for bank in BANKS for _ in site.daemons)
        ]
        list(pool.map(lambda link: _ask_states(link, _share(journal, link), ending), links))
        list(pool.map(lambda link: _send_again(link, journal, ending, seed), links))
        shares = [site.accounts[at :: len(links)] for at in range(len(links))]
        list(pool.map(lambda link, share: _look_at(link, [one.account_no for one in share], ending), links, shares))
        list(pool.map(lambda link: _compare_totals(link, journal, ending), links[:: len(site.daemons)]))
        for link in links:
            link.close()
    return ending


def _share(journal: Journal, link: Link) -> list[Entry]:
    """Return what a link asks about: its bank's requests in turns, and all whose outcome was unknown once."""
    of_bank = [entry for entry in journal.entries if entry.bank_code == link.bank_code]
    return [entry for at, entry in enumerate(of_bank) if entry.was_uncertain or (at + link.number) % 2 == 0]


def _in_windows(
    link: Link, requests: Iterator[tuple[Any, int, bytes, dict[str, Any]]]
) -> Iterator[tuple[Any, Sending]]:
    """Send requests (subject, transaction, body, header) in windows; yield each subject with its answered sending."""
    link.ready()
    pending = list(requests)
    for at in range(0, len(pending), _WINDOW):
        window = pending[at : at + _WINDOW]
        frames = [link.build(txn, body, **fields) for _, txn, body, fields in window]
        sendings = [Sending(link.number, link.daemon, time.monotonic()) for _ in window]
        for (subject, *_), sending, reply in zip(window, sendings, link.exchange_all(frames), strict=True):
            assert reply.mac_state == "right", reply
            sending.answer(reply)
            yield subject, sending


def _ask_states(link: Link, entries: Sequence[Entry], ending: Ending) -> None:
    def requests() -> Iterator[tuple[Any, int, bytes, dict[str, Any]]]:
        for entry in entries:
            yield entry, STATUS, messages.status(entry.account_no, entry.serial, entry.bank_date), {}

    for entry, sending in _in_windows(link, requests()):
        entry.asked.append(sending)
        if sending.approved:
            ending.states[entry].append(STATUS_REPLY.unpack(sending.body))


def _send_again(link: Link, journal: Journal, ending: Ending, seed: int) -> None:
    """Send again what stands but was never approved to us, and a sample of the rest, at another daemon than before."""
    done = [
        entry
        for entry in journal.entries
        if entry.bank_code == link.bank_code and entry.sendings and _happened(ending, entry)
    ]
    unheard = [entry for entry in done if not entry.approvals and (entry.serial + link.number) % 2 == 0]
    elsewhere = [entry for entry in done if entry.approvals and entry.approvals[0].daemon != link.daemon]
    sample = Random(f"{seed}/again/{link.number}").sample(elsewhere, min(len(elsewhere), _REPEATED_MAX // 10))

    def requests() -> Iterator[tuple[Any, int, bytes, dict[str, Any]]]:
        for entry in unheard + sample:
            header = {"serial": entry.serial, "bank_date": entry.bank_date, "channel": entry.channel}
            yield entry, entry.txn, entry.body, header

    for entry, sending in _in_windows(link, requests()):
        entry.sendings.append(sending)


def _happened(ending: Ending, entry: Entry) -> bool:
    """Whether a request has had its effect, undone since or not."""
    return any(fields["state"] in (1, 2, 3) for fields in ending.states[entry])


def _look_at(link: Link, account_nos: Sequence[str], ending: Ending) -> None:
    def requests() -> Iterator[tuple[Any, int, bytes, dict[str, Any]]]:
        for account_no in account_nos:
            yield account_no, QUERY, messages.query(account_no), {}

    for account_no, sending in _in_windows(link, requests()):
        assert sending.approved, (account_no, sending.code)
        head, _ = messages.query_reply(sending.body)
        ending.accounts[account_no] = Account(head["balance"], head["principal_due"])


def _compare_totals(link: Link, journal: Journal, ending: Ending) -> None:
    ours = own_totals(journal, ending, link.bank_code)

    def requests() -> Iterator[tuple[Any, int, bytes, dict[str, Any]]]:
        for day, totals in sorted(ours.items()):
            yield (day, totals), RECON_TOTALS, messages.TOTALS_REQUEST.pack(clearing_date=day, **totals), {}

    for (day, totals), sending in _in_windows(link, requests()):
        assert sending.approved, (link.bank_code, day, sending.code)
        ending.totals.append((link.bank_code, day, totals, TOTALS_REPLY.unpack(sending.body)))


def own_totals(journal: Journal, ending: Ending, bank_code: str) -> dict[str, dict[str, int]]:
    """Return a bank's own counts and amounts of each clearing date, from the replies it has."""
    names = {PAY: "pay", CANCEL: "cancel", REVERSE: "reverse"}
    days: dict[str, dict[str, int]] = defaultdict(
        lambda: {f"{name}_{what}": 0 for name in names.values() for what in ("count", "amount")}
    )
    for entry in journal.entries:
        if entry.bank_code != bank_code or not _happened(ending, entry):
            continue
        if entry.txn == REVERSE and (entry.first_reply or {}).get("outcome") != UNDONE:
            continue
        totals = days[ending.states[entry][0]["clearing_date"]]
        totals[f"{names[entry.txn]}_count"] += 1
        totals[f"{names[entry.txn]}_amount"] += entry.amount_fen
    return dict(days)
