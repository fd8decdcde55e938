"""The invariants of replies find what they are there for, in histories of a few lines written by hand."""

from collections.abc import Callable

import pytest

from tests.chaos import days, replies
from tests.chaos.findings import Finding
from tests.chaos.journal import Entry, Journal, Sending
from tests.chaos.site import DAILY_LIMIT_FEN, LIMITED_BANK, LIMITED_CHANNEL
from tests.system import messages
from tests.system.messages import CANCEL, PAY, REVERSE

BANK, ACCOUNT, DAY = "0102", "0199800001", "20261122"
PAID = {"account_no": ACCOUNT, "amount": 700, "balance_change": 700, "balance_after": 700}


class History:
    """A journal that is written line by line: each request is answered before the next is sent, unless it says else."""

    def __init__(self) -> None:
        self.journal = Journal()
        self._now_s = 0.0

    def pay(self, **more: object) -> Entry:
        return self.journal.open(PAY, BANK, ACCOUNT, 700, b"", **more)

    def undo(self, txn: int, original: Entry) -> Entry:
        return self.journal.open(txn, BANK, ACCOUNT, 700, b"", original=original)

    def sent(self, entry: Entry, code: str = "0000", body: bytes = b"", **told: object) -> Sending:
        """Send a request and have it answered; ``code`` empty: never."""
        values = {"fep_serial": entry.serial + 1_000, "clearing_date": DAY, **told}
        sending = Sending(0, 0, self._now_s + 1, self._now_s + 2 if code else None, code, body=body, **values)  # type: ignore[arg-type]
        self._now_s += 3
        entry.sendings.append(sending)
        return sending

    def paid(self, entry: Entry, **told: object) -> Sending:
        return self.sent(entry, "0000", messages.PAY_REPLY.pack(**{**PAID, **told.pop("reply", {})}), **told)  # type: ignore[dict-item]

    def undone(self, entry: Entry, outcome: int = 1, **told: object) -> Sending:
        body = messages.UNDO_REPLY.pack(account_no=ACCOUNT, amount=700, outcome=outcome)
        return self.sent(entry, "0000", body, **told)

    def asked(self, entry: Entry, state: int) -> Sending:
        body = messages.STATUS_REPLY.pack(original_txn=PAY, state=state, account_no=ACCOUNT, amount=700)
        sending = self.sent(entry, "0000", body)
        entry.sendings.remove(sending)
        entry.asked.append(sending)
        return sending

    def findings(self) -> list[Finding]:
        return [finding for invariant in replies.ALL for finding in invariant(self.journal)]


def a_good_day() -> History:
    """Return a history in which everything is as it should be."""
    history = History()
    pay = history.pay()
    history.sent(pay, "")
    history.asked(pay, 1)
    history.paid(pay)
    history.paid(pay, repeat=True)
    reverse = history.undo(REVERSE, pay)
    history.undone(reverse)
    history.asked(pay, 3)
    history.sent(pay, "2010")
    history.sent(history.undo(CANCEL, pay), "2008")
    history.undone(history.undo(REVERSE, pay), 3)
    barred = history.pay()
    history.undone(history.undo(REVERSE, barred), 2)
    history.sent(barred, "2010")
    history.asked(barred, 4)
    return history


def test_a_good_day_has_no_findings() -> None:
    """What the rules allow is no finding."""
    assert a_good_day().findings() == []


def _approved_twice(history: History, pay: Entry) -> None:
    history.paid(pay)
    history.paid(pay)


def _other_reply(history: History, pay: Entry) -> None:
    history.paid(pay)
    history.paid(pay, repeat=True, reply={"balance_after": 1_400})


def _forgotten(history: History, pay: Entry) -> None:
    history.paid(pay)
    history.sent(pay, "2002")


def _paid_after_undo(history: History, pay: Entry) -> None:
    history.paid(pay)
    history.undone(history.undo(CANCEL, pay))
    history.paid(pay, repeat=True)


def _paid_after_tombstone(history: History, pay: Entry) -> None:
    history.undone(history.undo(REVERSE, pay), 2)
    history.paid(pay)


def _undone_twice(history: History, pay: Entry) -> None:
    history.paid(pay)
    history.undone(history.undo(CANCEL, pay))
    history.undone(history.undo(REVERSE, pay))


def _barred_for_nothing(history: History, pay: Entry) -> None:
    history.sent(pay, "2010")


def _original_lost(history: History, pay: Entry) -> None:
    history.paid(pay)
    history.undone(history.undo(REVERSE, pay), 2)


def _internal_error(history: History, pay: Entry) -> None:
    history.sent(pay, "9003")


def _limit_of_nobody(history: History, pay: Entry) -> None:
    history.sent(pay, "2012")


def _wrong_sum(history: History, pay: Entry) -> None:
    history.paid(pay, reply={"balance_change": 600})


def _same_serial(history: History, pay: Entry) -> None:
    history.paid(pay, fep_serial=5)
    history.paid(history.pay(), fep_serial=5)


def _same_invoice(history: History, pay: Entry) -> None:
    pay.invoice = True
    history.paid(pay, reply={"invoice_no": "0100000000000001"})
    history.paid(history.pay(invoice=True), reply={"invoice_no": "0100000000000001"})


def _status_forgets(history: History, pay: Entry) -> None:
    history.paid(pay)
    history.asked(pay, 0)


def _status_goes_back(history: History, pay: Entry) -> None:
    history.sent(pay, "")
    history.asked(pay, 1)
    history.asked(pay, 0)


def _status_of_no_undo(history: History, pay: Entry) -> None:
    history.paid(pay)
    history.asked(pay, 2)


def _day_goes_back(history: History, pay: Entry) -> None:
    history.paid(pay, clearing_date="20261123")
    history.paid(history.pay(), clearing_date="20261122")


def _stranger_taken(history: History, pay: Entry) -> None:
    history.paid(pay)
    stranger = history.paid(pay, repeat=True)
    pay.sendings.remove(stranger)
    pay.strangers.append(stranger)


def _printed_alike(history: History, pay: Entry) -> None:
    history.paid(pay)
    head = messages.INVOICE_HEAD.pack(invoice_no="0100000000000001", account_no=ACCOUNT, print_count=1)
    for _ in range(2):
        sending = history.sent(pay, "0000", head, repeat=True)
        pay.sendings.remove(sending)
        history.journal.open_print(pay).sendings.append(sending)


def _limit_exceeded(history: History, pay: Entry) -> None:
    for _ in range(DAILY_LIMIT_FEN // 700 + 1):
        limited = history.journal.open(PAY, LIMITED_BANK, ACCOUNT, 700, b"", channel=LIMITED_CHANNEL)
        history.paid(limited)


def _totals(history: History, pays: int) -> None:
    body = messages.TOTALS_REPLY.pack(clearing_date=DAY.encode(), result=3, pay_count=pays)
    sending = history.sent(history.pay(), "0000", body)
    history.journal.entries.pop()
    history.journal.totals.append((BANK, sending))


def _totals_lag(history: History, pay: Entry) -> None:
    history.paid(pay)
    _totals(history, pays=0)


def _totals_of_nothing(history: History, pay: Entry) -> None:
    history.paid(pay)
    _totals(history, pays=4)


@pytest.mark.parametrize(
    ("spoil", "invariant"),
    [
        (_approved_twice, replies.one_reply),
        (_other_reply, replies.one_reply),
        (_forgotten, replies.approved_stays),
        (_paid_after_undo, replies.undone_stays),
        (_paid_after_tombstone, replies.undone_stays),
        (_undone_twice, replies.undone_once),
        (_barred_for_nothing, replies.refusals_have_reasons),
        (_original_lost, replies.refusals_have_reasons),
        (_internal_error, replies.known_codes),
        (_limit_of_nobody, replies.known_codes),
        (_wrong_sum, replies.amounts_add_up),
        (_same_serial, replies.numbers_are_unique),
        (_same_invoice, replies.numbers_are_unique),
        (_status_forgets, replies.status_tells_the_truth),
        (_status_goes_back, replies.status_tells_the_truth),
        (_status_of_no_undo, replies.status_tells_the_truth),
        (_day_goes_back, days.days_follow_each_other),
        (_stranger_taken, replies.strangers_are_refused),
        (_printed_alike, replies.prints_are_counted),
        (_totals_lag, days.totals_keep_up),
        (_totals_of_nothing, days.totals_keep_up),
        (_limit_exceeded, days.limits_are_never_exceeded),
    ],
)
def test_what_is_wrong_is_found(
    spoil: Callable[[History, Entry], None], invariant: Callable[[Journal], list[Finding]]
) -> None:
    """Each breach of a promise is found by the invariant that is about it."""
    history = a_good_day()

    spoil(history, history.pay())

    assert invariant(history.journal)
    assert all(finding.lines() for finding in invariant(history.journal))


def test_requests_that_overlap_may_come_in_either_order() -> None:
    """Nothing is held against a reply that was still on its way when the other request was sent."""
    history = History()
    pay = history.pay()
    reverse = history.undo(REVERSE, pay)
    paid, undone = history.paid(pay), history.undone(reverse)
    paid.sent_s, undone.sent_s = 0.0, 0.0

    assert history.findings() == []
