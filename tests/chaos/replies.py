"""Invariants of what banks were answered 应答不变量: from the banks' journal alone, without a look at the database.

Each function takes the journal and returns the findings of one invariant. "Before" is always "answered before the other
was sent": of two requests that overlap either may have come first.
"""

from collections import Counter, defaultdict
from collections.abc import Callable

from tests.chaos import days
from tests.chaos.findings import Broken, Finding, each, with_undos
from tests.chaos.journal import (
    APPROVED,
    INTERNAL_ERROR,
    NAMES,
    NEVER_ARRIVED,
    NOT_STARTED,
    UNDONE,
    UNDONE_BEFORE,
    UNKNOWN,
    Entry,
    Journal,
    Sending,
)
from tests.system.messages import CANCEL, INVOICE_HEAD, PAY, PAY_REPLY, REVERSE, STATUS_REPLY

_CODES = {
    PAY: {APPROVED, "2002", "2003", "2010", "2012"},
    CANCEL: {APPROVED, "2007", "2008", "2009", "2016"},
    REVERSE: {APPROVED, "2009", "2016"},
}
_STATES_AFTER = {0: {0, 1, 2, 3, 4}, 1: {1, 2, 3}, 2: {2}, 3: {3}, 4: {4}}


def known_codes(journal: Journal) -> list[Finding]:
    """Every reply is one that the rules allow; 9003, an error of the product itself, never is."""

    def broken() -> Broken:
        for entry in journal.entries:
            allowed = _CODES[entry.txn] | (NOT_STARTED - {INTERNAL_ERROR}) | {"", UNKNOWN}
            for code in {sending.code for sending in entry.sendings} - allowed:
                yield f"{NAMES[entry.txn]} was answered {code}", (entry,)
            if any(s.code == "2012" for s in entry.sendings) and not days.is_limited(entry):
                yield "PAY was answered 2012 where no limit is set", (entry,)

    return each("only the codes of the rules are answered", broken())


def one_reply(journal: Journal) -> list[Finding]:
    """All approvals under one identity are the same reply, and all but the first one made carry REPEAT."""

    def broken() -> Broken:
        for entry in journal.entries:
            approvals = entry.approvals
            if len({(s.body, s.fep_serial, s.clearing_date) for s in approvals}) > 1:
                yield "a repeat was answered otherwise than the first time", (entry,)
            if sum(not s.repeat for s in approvals) > 1:
                yield "one identity was approved twice without REPEAT", (entry,)

    return each("a repeat gets the first reply", broken())


def approved_stays(journal: Journal) -> list[Finding]:
    """Once a request was approved, sent again it is approved again with REPEAT; a PAY undone since is 2010."""

    def broken() -> Broken:
        for entry in journal.entries:
            approvals = entry.approvals
            for later in entry.sendings:
                if later.uncertain or later.code in NOT_STARTED or not any(s.before(later) for s in approvals):
                    continue
                undone = entry.txn == PAY and later.code == "2010" and any(_began_by(u, later) for u in entry.undos)
                if not (later.approved and later.repeat) and not undone:
                    yield (
                        f"approved before, then answered {later.code}{' without REPEAT' * (not later.repeat)}",
                        (with_undos(entry)),
                    )

    return each("what was approved stays so", broken())


def _began_by(entry: Entry, moment: Sending) -> bool:
    """Whether a request had been sent, and may have had its effect, by the time a reply was read."""
    return any(moment.answered_s is not None and sent.sent_s < moment.answered_s for sent in entry.sendings)


def undone_stays(journal: Journal) -> list[Finding]:
    """After its CANCEL or REVERSE was approved, a PAY that is sent, again or for the first time, is 2010."""

    def broken() -> Broken:
        for entry in journal.entries:
            undone = [approval for undo in entry.undos for approval in undo.approvals]
            for later in entry.sendings if entry.txn == PAY else ():
                wrong = later.approved or later.code in ("2002", "2003", "2012")
                if wrong and any(approval.before(later) for approval in undone):
                    yield f"undone, or barred by a REVERSE, then answered {later.code}", with_undos(entry)

    return each("no payment after its undo or its tombstone", broken())


def undone_once(journal: Journal) -> list[Finding]:
    """Of the undos of a payment one takes effect; the others say so."""

    def broken() -> Broken:
        for entry in journal.entries:
            outcomes = Counter(
                UNDONE if undo.txn == CANCEL else int(reply["outcome"])
                for undo in entry.undos
                if (reply := undo.first_reply) is not None
            )
            if outcomes[UNDONE] + outcomes[NEVER_ARRIVED] > 1:
                yield f"outcomes of its undos: {dict(outcomes)}", with_undos(entry)
            if outcomes[UNDONE_BEFORE] and len(entry.undos) == 1:
                yield "undone before, though nothing else ever undid it", with_undos(entry)

    return each("a payment is undone once", broken())


def refusals_have_reasons(journal: Journal) -> list[Finding]:
    """2010 and 2008 need an undo, 2007 and outcome 2 a payment that had not been approved before."""

    def broken() -> Broken:
        for entry in journal.entries:
            for sending in entry.sendings:
                if sending.code == "2010" and not any(_began_by(undo, sending) for undo in entry.undos):
                    yield "2010, but nothing ever undid it", with_undos(entry)
            original = entry.original
            if original is None:
                continue
            others = [undo for undo in original.undos if undo is not entry]
            for sending in entry.sendings:
                if sending.code == "2008" and not any(_began_by(other, sending) for other in others):
                    yield "2008, but nothing else ever undid it", with_undos(entry)
                missing = sending.code == "2007" or _outcome(entry, sending) == NEVER_ARRIVED
                if missing and not sending.repeat and any(s.before(sending) for s in original.approvals):
                    yield "the original was approved before, and is not found", with_undos(entry)

    return each("a refusal has its reason", broken())


def _outcome(entry: Entry, sending: Sending) -> int:
    if entry.txn != REVERSE or not sending.approved:
        return 0
    reply = entry.first_reply
    assert reply is not None
    return int(reply["outcome"])


def amounts_add_up(journal: Journal) -> list[Finding]:
    """A reply is about the account and the amount that were asked, and its parts add up to them."""

    def broken() -> Broken:
        for entry in journal.entries:
            if (reply := entry.first_reply) is None:
                continue
            if (reply["account_no"], reply["amount"]) != (entry.account_no, entry.amount_fen):
                yield f"the reply is about {reply['account_no']} and {reply['amount']} fen", (entry,)
            if entry.txn == PAY:
                parts = reply["settled_principal"] + reply["settled_late_fee"] + reply["balance_change"]
                if parts != reply["amount"]:
                    yield f"{parts} fen settled and kept of {reply['amount']}", (entry,)
                if bool(reply["invoice_no"]) != entry.invoice:
                    yield f"invoice number {reply['invoice_no']!r}", (entry,)

    return each("amounts add up", broken())


def numbers_are_unique(journal: Journal) -> list[Finding]:
    """No two movements share a FEP serial, no two payments an invoice number."""

    def broken() -> Broken:
        serials, invoices = defaultdict(list), defaultdict(list)
        for entry in journal.entries:
            if entry.approvals:
                serials[entry.approvals[0].fep_serial].append(entry)
                if entry.txn == PAY and (number := PAY_REPLY.unpack(entry.approvals[0].body)["invoice_no"]):
                    invoices[number].append(entry)
        for printed in journal.prints:
            for sending in printed.sendings:
                if sending.approved:
                    invoices[INVOICE_HEAD.unpack(sending.body[: INVOICE_HEAD.size])["invoice_no"]].append(
                        printed.payment
                    )
        for numbered in (serials, invoices):
            for number, entries in numbered.items():
                if number == 0 or len(set(entries)) > 1:
                    yield f"number {number}", tuple(dict.fromkeys(entries))

    return each("numbers are unique", broken())


def prints_are_counted(journal: Journal) -> list[Finding]:
    """Each print of an invoice has a count of its own, and a payment has one invoice."""

    def broken() -> Broken:
        counts: dict[Entry, list[tuple[str, int]]] = defaultdict(list)
        for printed in journal.prints:
            for code in {s.code for s in printed.sendings} - {APPROVED, "", UNKNOWN, "1011", "9001", "2008", "2014"}:
                yield f"INVOICE was answered {code}", (printed.payment,)
            heads = [INVOICE_HEAD.unpack(s.body[: INVOICE_HEAD.size]) for s in printed.sendings if s.approved]
            told = {(head["invoice_no"], head["print_count"]) for head in heads}
            if len(told) > 1:
                yield f"one request printed {sorted(told)}", (printed.payment,)
            counts[printed.payment] += told
        for payment, prints in counts.items():
            if len({number for number, _ in prints}) > 1 or len(set(prints)) < len(prints):
                yield f"printed {sorted(prints)}", (payment,)

    return each("invoices are counted once", broken())


def strangers_are_refused(journal: Journal) -> list[Finding]:
    """Other content under the identity of an approved payment is 2006, or 2010 when that has been undone."""

    def broken() -> Broken:
        for entry in journal.entries:
            for sending in entry.strangers:
                if sending.uncertain or sending.code in NOT_STARTED or sending.code == "2006":
                    continue
                if sending.code != "2010" or not any(_began_by(undo, sending) for undo in entry.undos):
                    yield f"other content was answered {sending.code}", with_undos(entry)

    return each("an identity has one content", broken())


def status_tells_the_truth(journal: Journal) -> list[Finding]:
    """STATUS shows what was approved before it was asked, and never goes back on what it said."""

    def broken() -> Broken:
        for entry in journal.entries:
            answers = [s for s in entry.asked if s.approved]
            for asked in answers:
                state = int(STATUS_REPLY.unpack(asked.body)["state"])
                expected = _states_known_before(entry, asked)
                for earlier in answers:
                    if earlier.before(asked):
                        expected &= _STATES_AFTER[int(STATUS_REPLY.unpack(earlier.body)["state"])]
                if state not in expected:
                    yield f"STATUS told state {state}, not one of {sorted(expected)}", with_undos(entry)
            for asked in entry.asked:
                if not asked.uncertain and not asked.approved and asked.code not in NOT_STARTED:
                    yield f"STATUS was answered {asked.code}", (entry,)

    return each("STATUS tells the truth", broken())


def _states_known_before(entry: Entry, asked: Sending) -> set[int]:
    possible = {0, 1, 2, 3, 4}
    if any(approval.before(asked) for approval in entry.approvals):
        possible &= {1, 2, 3}
    if not any(sent.sent_s < (asked.answered_s or 0) for sent in entry.sendings):
        possible &= {0, 4}
    for undo in entry.undos:
        if any(approval.before(asked) for approval in undo.approvals):
            reply = undo.first_reply
            assert reply is not None
            outcome = UNDONE if undo.txn == CANCEL else int(reply["outcome"])
            possible &= {UNDONE: {2 if undo.txn == CANCEL else 3}, NEVER_ARRIVED: {4}, UNDONE_BEFORE: {2, 3, 4}}[
                outcome
            ]
    if not any(undo.txn == CANCEL and _began_by(undo, asked) for undo in entry.undos):
        possible -= {2}
    if not any(undo.txn == REVERSE and _began_by(undo, asked) for undo in entry.undos):
        possible -= {3, 4}
    return possible


ALL: tuple[Callable[[Journal], list[Finding]], ...] = (
    known_codes,
    one_reply,
    approved_stays,
    undone_stays,
    undone_once,
    refusals_have_reasons,
    amounts_add_up,
    numbers_are_unique,
    prints_are_counted,
    strangers_are_refused,
    status_tells_the_truth,
    *days.ALL,
)
