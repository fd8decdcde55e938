"""Invariants of a bank's day 清算日不变量: clearing dates, daily limits and totals, as the banks were told of them."""

from collections import defaultdict
from collections.abc import Callable

from tests.chaos.findings import Broken, Finding, each
from tests.chaos.journal import NAMES, UNDONE, Entry, Journal, Sending
from tests.chaos.site import DAILY_LIMIT_FEN, LIMITED_BANK, LIMITED_CHANNEL
from tests.system.messages import CANCEL, PAY, REVERSE, TOTALS_REPLY


def is_limited(entry: Entry) -> bool:
    """Whether a request is under the one daily limit of a run."""
    return (entry.bank_code, entry.channel) == (LIMITED_BANK, LIMITED_CHANNEL)


def days_follow_each_other(journal: Journal) -> list[Finding]:
    """Once a bank was answered under a clearing date, on either daemon, nothing new comes under an earlier one."""

    def broken() -> Broken:
        moments: dict[str, list[tuple[float, bool, Entry, Sending]]] = defaultdict(list)
        for entry in journal.entries:
            for first in (s for s in entry.approvals if not s.repeat):
                assert first.answered_s is not None
                moments[entry.bank_code] += [
                    (first.sent_s, False, entry, first),
                    (first.answered_s, True, entry, first),
                ]
        for of_bank in moments.values():
            latest: dict[float, str] = {}
            highest = ""
            for _, answered, entry, first in sorted(of_bank, key=lambda moment: moment[:2]):
                if not answered:
                    latest[id(first)] = highest
                elif first.clearing_date < latest[id(first)]:
                    yield f"{first.clearing_date} after {latest[id(first)]} had been answered", (entry,)
                else:
                    highest = max(highest, first.clearing_date)

    return each("clearing dates follow each other", broken())


def limits_are_never_exceeded(journal: Journal) -> list[Finding]:
    """At no moment do the payments that had been approved by then, and had not begun to be undone, exceed a limit."""

    def broken() -> Broken:
        changes: dict[str, list[tuple[float, int, Entry]]] = defaultdict(list)
        for entry in journal.entries:
            if entry.txn == PAY and is_limited(entry) and entry.approvals:
                first = min(approval.answered_s or 0.0 for approval in entry.approvals)
                of_day = changes[entry.approvals[0].clearing_date]
                of_day.append((first, entry.amount_fen, entry))
                if (ended := _undo_began(entry)) is not None:
                    of_day.append((max(first, ended), -entry.amount_fen, entry))
        for day, of_day in changes.items():
            stands_fen = 0
            for _, change_fen, entry in sorted(of_day, key=lambda change: change[:2]):
                stands_fen += change_fen
                if stands_fen > DAILY_LIMIT_FEN:
                    yield f"{stands_fen} fen stood at once on {day}, {DAILY_LIMIT_FEN} may", (entry,)
                    break

    return each("daily limits are never exceeded", broken())


def _undo_began(entry: Entry) -> float | None:
    """Return when the first undo that may have taken effect was sent."""
    return min(
        (sent.sent_s for undo in entry.undos for sent in undo.sendings if sent.approved or sent.uncertain),
        default=None,
    )


def totals_keep_up(journal: Journal) -> list[Finding]:
    """RECON_TOTALS count everything that had been approved before they were asked, and nothing not sent by then."""

    sent: dict[tuple[str, int], list[Entry]] = defaultdict(list)
    for entry in journal.entries:
        sent[entry.bank_code, entry.txn].append(entry)

    def broken() -> Broken:
        for bank_code, told in journal.totals:
            if not told.approved:
                continue
            fields = TOTALS_REPLY.unpack(told.body)
            for txn, name in ((PAY, "pay_count"), (CANCEL, "cancel_count"), (REVERSE, "reverse_count")):
                least = sum(_counted_before(entry, told, fields["clearing_date"]) for entry in sent[bank_code, txn])
                most = sum(_may_be_counted(entry, told, fields["clearing_date"]) for entry in sent[bank_code, txn])
                if not least <= fields[name] <= most:
                    yield f"bank {bank_code}: {fields[name]} {NAMES[txn]}, not {least} to {most}", ()

    return each("totals keep up with replies", broken())


def _counted_before(entry: Entry, told: Sending, day: str) -> bool:
    """Whether a request had been approved under that day before the totals were asked."""
    if not any(approval.before(told) and approval.clearing_date == day for approval in entry.approvals):
        return False
    reply = entry.first_reply
    return entry.txn != REVERSE or (reply is not None and reply["outcome"] == UNDONE)


def _may_be_counted(entry: Entry, told: Sending, day: str) -> bool:
    """Whether a request may have been stored under that day by the time the totals were read."""
    if told.answered_s is None or not any(sent.sent_s < told.answered_s for sent in entry.sendings):
        return False
    approvals = entry.approvals
    return not approvals or approvals[0].clearing_date == day


ALL: tuple[Callable[[Journal], list[Finding]], ...] = (
    days_follow_each_other,
    limits_are_never_exceeded,
    totals_keep_up,
)
