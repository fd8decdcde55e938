"""The rules of each transaction, and the order in which they are checked. 业务规则与检查次序"""

from datetime import timedelta

import pytest

from tests.support.raw_bank import new_serial, today
from tests.system import messages
from tests.system.checks import ask, pay_fields, query_fields
from tests.system.messages import (
    CANCEL,
    CONSUMPTION,
    DEPOSIT,
    INVOICE,
    PAY,
    PAYMENTS,
    QUERY,
    REVERSE,
    SETTLE,
    STATUS,
    invoice,
    pay,
    query,
    records,
    status,
    undo,
)

NOBODY = "0199999999999999"


@pytest.fixture
def bank(site):
    """A signed-in link."""
    return site.bank()


# --- QUERY ------------------------------------------------------------------------------------------------------------


def test_a_long_account_and_a_name_that_must_be_cut(site, bank):
    """An account of 16 digits is found, and a name too long for its field is cut between characters."""
    account = site.take("long")

    head, rows = messages.query_reply(ask(bank, QUERY, query(account.account_no)).body)

    assert (head["account_no"], len(rows)) == (account.account_no, 1)
    assert head["name"] == "𠮷" * 15 + "丁戊"


def test_query_pages_through_many_bills(site, bank):
    """Thirty bills come in pages of twelve, oldest first; a page past the last is 0000 without rows."""
    account = site.take("many")
    pages = [
        messages.query_reply(ask(bank, QUERY, query(account.account_no, page=page)).body) for page in (1, 2, 3, 4, 255)
    ]

    assert [head["bill_count"] for head, _ in pages] == [30] * 5
    assert [head["page"] for head, _ in pages] == [1, 2, 3, 4, 255]
    assert [len(rows) for _, rows in pages] == [12, 12, 6, 0, 0]
    assert [row["bill_no"] for _, rows in pages for row in rows] == [bill.bill_no for bill in account.bills]
    assert pages[4][0]["total_due"] == account.total_due


def test_query_finds_by_meter_and_by_passbook(site, bank):
    """A meter number and a passbook lead to the account as its number does."""
    account = site.take("future")

    for kind, key in ((2, account.meter_no), (3, account.passbook)):
        head, _ = messages.query_reply(ask(bank, QUERY, query(key, kind)).body)
        assert head["account_no"] == account.account_no


def test_a_passbook_of_two_accounts_is_ambiguous(site, bank):
    """A key that fits several accounts is 2018, and one that fits none 2001."""
    account = site.take("twins")

    ask(bank, QUERY, query(account.passbook, 3), "2018")
    ask(bank, QUERY, query("6222991111111111111", 3), "2001")
    ask(bank, QUERY, query("TM99999999", 2), "2001")
    ask(bank, QUERY, query(NOBODY), "2001")


@pytest.mark.parametrize(
    ("kind", "state", "mode"),
    [("suspended", 2, 1), ("closed", 3, 1), ("card", 1, 3), ("utility", 1, 1), ("debit", 1, 2), ("empty", 1, 1)],
)
def test_query_shows_accounts_that_cannot_pay_now(site, bank, kind, state, mode):
    """Suspended, closed, card and pay-at-utility accounts are shown, but cannot be paid now."""
    account = site.take(kind)

    head = query_fields(bank, account.account_no)

    assert (head["account_state"], head["collect_mode"]) == (state, mode)
    assert head["payable_now"] == (kind in ("debit", "empty"))
    assert head["total_due"] == account.total_due


# --- PAY --------------------------------------------------------------------------------------------------------------


def test_commercial_bills_carry_the_higher_fee(site, bank):
    """A bill of last year's due date carries two rates; the amounts add up to the fen."""
    account = site.take("commercial")

    fields = pay_fields(ask(bank, PAY, pay(account.account_no, account.payable)))

    assert (fields["settled_principal"], fields["settled_late_fee"]) == (account.principal_due, account.late_fee_due)


def test_settling_uses_the_balance(site, bank):
    """To settle, the customer pays what the balance leaves open, and the balance is used up."""
    account = site.take("partly")

    fields = pay_fields(ask(bank, PAY, pay(account.account_no, account.payable)))

    assert (fields["settled_count"], fields["balance_change"], fields["balance_after"]) == (2, -3_000, 0)
    assert fields["due_after"] == 0


def test_a_deposit_reaches_with_the_balance(site, bank):
    """A deposit settles the oldest bill when balance and amount together cover it whole."""
    account = site.take("partly")
    first = account.bills[0].principal + account.fee(account.bills[0])

    fields = pay_fields(ask(bank, PAY, pay(account.account_no, first - 3_000, DEPOSIT)))

    assert (fields["settled_count"], fields["balance_change"], fields["balance_after"]) == (1, -3_000, 0)
    assert fields["due_after"] == 5_000


def test_a_deposit_stops_at_the_first_bill_that_does_not_fit(site, bank):
    """A deposit that covers a younger, smaller bill but not the oldest settles nothing."""
    account = site.take("owing")

    fields = pay_fields(ask(bank, PAY, pay(account.account_no, 11_999, DEPOSIT, print_invoice=1)))

    assert (fields["settled_count"], fields["balance_after"], fields["due_after"]) == (0, 11_999, account.total_due)
    assert (fields["first_month"], fields["last_month"]) == ("000000", "000000")
    assert fields["invoice_no"]


def test_a_balance_that_covers_all_leaves_nothing_to_settle(site, bank):
    """Where the balance covers everything owed, settling is 2002; a deposit of 1 fen settles it."""
    account = site.take("saved")
    ask(bank, PAY, pay(account.account_no, 1), "2002")

    fields = pay_fields(ask(bank, PAY, pay(account.account_no, 1, DEPOSIT)))

    assert (fields["settled_count"], fields["balance_change"], fields["balance_after"]) == (1, -4_999, 15_001)


def test_an_invoice_the_utility_prints_is_not_the_banks(site, bank):
    """print_invoice is ignored for a direct-debit account, and INVOICE is 2015."""
    account = site.take("debit")

    paid = ask(bank, PAY, pay(account.account_no, 8_000, print_invoice=1))

    assert pay_fields(paid)["invoice_no"] == ""
    ask(bank, INVOICE, invoice(account.account_no, paid.serial), "2015")


@pytest.mark.parametrize(
    ("kind", "amount", "mode", "expected", "code"),
    [
        ("future", 0, SETTLE, -1, "2012"),
        ("future", -1, DEPOSIT, -1, "2012"),
        ("future", 2**63 - 1, DEPOSIT, -1, "2012"),
        ("future", -(2**63), DEPOSIT, -1, "2012"),
        ("future", 100_000_001, DEPOSIT, -1, "2012"),
        ("suspended", 0, SETTLE, -1, "2012"),
        ("suspended", 8_000, SETTLE, -1, "2004"),
        ("closed", 8_000, DEPOSIT, 1, "2004"),
        ("closed_card", 8_000, SETTLE, -1, "2004"),
        ("card", 8_000, SETTLE, 1, "2017"),
        ("utility", 8_000, DEPOSIT, 1, "2017"),
        ("future", 8_000, DEPOSIT, 7_999, "2003"),
        ("empty", 8_000, SETTLE, 1, "2003"),
        ("empty", 8_000, SETTLE, 0, "2002"),
        ("empty", 8_000, SETTLE, -1, "2002"),
        ("future", 7_999, SETTLE, 8_000, "2003"),
        ("future", 8_001, SETTLE, -1, "2003"),
    ],
)
def test_refusals_of_pay_in_their_order(site, bank, kind, amount, mode, expected, code):
    """Each refusal of PAY has its code, the earlier check answers, and nothing has changed."""
    account = site.take(kind)

    ask(bank, PAY, pay(account.account_no, amount, mode, expected_payable=expected), code)

    head = query_fields(bank, account.account_no)
    assert (head["balance"], head["total_due"]) == (account.balance, account.total_due)


def test_pay_for_nobody(bank):
    """An account of 16 digits that does not exist is 2001, but a wrong amount is found first."""
    ask(bank, PAY, pay(NOBODY, 100), "2001")
    ask(bank, PAY, pay(NOBODY, 0), "2012")


def test_the_single_limit_itself_is_allowed(site, bank):
    """A deposit of exactly the single limit, 1,000,000.00 yuan, is taken."""
    account = site.take("empty")

    assert pay_fields(ask(bank, PAY, pay(account.account_no, 100_000_000, DEPOSIT)))["balance_after"] == 100_000_000


@pytest.mark.parametrize(("days", "code"), [(-1, "0000"), (1, "0000"), (-2, "1003"), (2, "1003")])
def test_bank_date_is_at_most_a_day_off(site, bank, days, code):
    """A money request's bank_date may be one day off the calendar; two days are 1003, before any other check."""
    account = site.take("empty")
    day = today() + timedelta(days)

    ask(bank, PAY, pay(account.account_no, 100 if code == "0000" else 0, DEPOSIT), code, bank_date=day)


# --- CANCEL and REVERSE -----------------------------------------------------------------------------------------------


def test_cancel_needs_an_original(site, bank):
    """A CANCEL whose original is missing is 2007, and leaves no tombstone."""
    account = site.take("future")
    serial = new_serial()

    ask(bank, CANCEL, undo(account.account_no, 8_000, serial), "2007")
    ask(bank, PAY, pay(account.account_no, 8_000), serial=serial)


@pytest.mark.parametrize("txn_code", [CANCEL, REVERSE])
def test_an_undo_that_differs_from_its_original(site, bank, txn_code):
    """An undo with another account or amount, or of something that is not a PAY, is 2013 and does nothing."""
    account, other = site.take("empty"), site.take("empty")
    paid = ask(bank, PAY, pay(account.account_no, 500, DEPOSIT))
    cancelled = ask(bank, PAY, pay(account.account_no, 70, DEPOSIT))
    cancel = ask(bank, CANCEL, undo(account.account_no, 70, cancelled.serial))

    ask(bank, txn_code, undo(other.account_no, 500, paid.serial), "2013")
    ask(bank, txn_code, undo(account.account_no, 501, paid.serial), "2013")
    ask(bank, txn_code, undo(account.account_no, 70, cancel.serial), "2013")
    ask(bank, txn_code, undo(account.account_no, 69, cancelled.serial), "2013")  # differs before undone

    assert query_fields(bank, account.account_no)["balance"] == 500


def test_what_is_undone_cannot_be_cancelled(site, bank):
    """A payment undone by either cannot be cancelled (2008); REVERSE answers outcome 3 to both."""
    account = site.take("empty")
    cancelled, reversed_ = (ask(bank, PAY, pay(account.account_no, amount, DEPOSIT)) for amount in (500, 70))
    ask(bank, CANCEL, undo(account.account_no, 500, cancelled.serial))
    ask(bank, REVERSE, undo(account.account_no, 70, reversed_.serial))

    for paid, amount in ((cancelled, 500), (reversed_, 70)):
        ask(bank, CANCEL, undo(account.account_no, amount, paid.serial), "2008")
        again = messages.UNDO_REPLY.unpack(ask(bank, REVERSE, undo(account.account_no, amount, paid.serial)).body)
        assert (again["outcome"], again["original_fep_serial"]) == (3, paid.fep_serial)


def test_money_that_is_used_cannot_be_taken_back(site, bank):
    """A deposit that has since paid a bill can be neither cancelled nor reversed: 2016."""
    account = site.take("future")
    first = ask(bank, PAY, pay(account.account_no, 5_000, DEPOSIT))
    fields = pay_fields(ask(bank, PAY, pay(account.account_no, 3_000, DEPOSIT)))
    assert (fields["settled_count"], fields["balance_change"]) == (1, -5_000)

    ask(bank, CANCEL, undo(account.account_no, 5_000, first.serial), "2016")
    ask(bank, REVERSE, undo(account.account_no, 5_000, first.serial), "2016")


def test_an_undo_restores_the_balance_it_used(site, bank):
    """Undoing a payment that used up a balance gives the balance back and reopens the bills."""
    account = site.take("partly")
    paid = ask(bank, PAY, pay(account.account_no, account.payable))

    fields = messages.UNDO_REPLY.unpack(ask(bank, REVERSE, undo(account.account_no, account.payable, paid.serial)).body)

    assert (fields["outcome"], fields["balance_after"], fields["due_after"]) == (1, 3_000, account.total_due)
    assert query_fields(bank, account.account_no)["payable"] == account.payable


def test_payments_are_undone_in_any_order(site, bank):
    """Of two payments the first is undone alone: its bill is open again, the second's stays settled."""
    account = site.take("owing")
    dues = [bill.principal + account.fee(bill) for bill in account.bills]
    paid = [ask(bank, PAY, pay(account.account_no, amount, DEPOSIT)) for amount in dues[:2]]

    ask(bank, CANCEL, undo(account.account_no, dues[0], paid[0].serial))

    _, rows = messages.query_reply(ask(bank, QUERY, query(account.account_no)).body)
    assert [row["bill_no"] for row in rows] == [account.bills[0].bill_no, account.bills[2].bill_no]
    again = pay_fields(ask(bank, PAY, pay(account.account_no, dues[0] + dues[2])))
    assert (again["settled_count"], again["due_after"]) == (2, 0)
    assert (again["first_month"], again["last_month"]) == (account.bills[0].month, account.bills[2].month)


@pytest.mark.parametrize("txn_code", [CANCEL, REVERSE])
def test_an_undo_of_itself(site, bank, txn_code):
    """An undo that names its own identity as the original is 1003."""
    account, serial = site.take("empty"), new_serial()

    ask(bank, txn_code, undo(account.account_no, 1, serial), "1003", serial=serial)


def test_a_tombstone_needs_no_account(bank):
    """A REVERSE of nothing for nobody is kept as given, with zeros for the balances; CANCEL of it is 2008."""
    serial = new_serial()

    reply = ask(bank, REVERSE, undo(NOBODY, -7, serial, reason=255))

    fields = messages.UNDO_REPLY.unpack(reply.body)
    assert (fields["outcome"], fields["amount"], fields["account_no"]) == (2, -7, NOBODY)
    assert (fields["balance_after"], fields["due_after"]) == (0, 0)
    ask(bank, CANCEL, undo(NOBODY, -7, serial), "2008")
    told = messages.STATUS_REPLY.unpack(ask(bank, STATUS, status(NOBODY, serial)).body)
    assert (told["original_txn"], told["state"], told["amount"]) == (PAY, 4, -7)


def test_a_reverse_holds_whatever_original_date(site, bank):
    """A REVERSE of a missing original is a tombstone whatever its original_date."""
    account, serial, day = site.take("future"), new_serial(), today() - timedelta(days=400)

    fields = messages.UNDO_REPLY.unpack(ask(bank, REVERSE, undo(account.account_no, 1, serial, day)).body)

    assert fields["outcome"] == 2


def test_undo_works_for_accounts_that_cannot_pay(site, bank):
    """A tombstone for a closed account is accepted: REVERSE asks neither state nor limits."""
    account = site.take("closed")

    fields = messages.UNDO_REPLY.unpack(ask(bank, REVERSE, undo(account.account_no, 10**15, new_serial())).body)

    assert (fields["outcome"], fields["due_after"]) == (2, account.total_due)


# --- STATUS -----------------------------------------------------------------------------------------------------------


def test_status_of_another_account_is_refused(site, bank):
    """STATUS with another account than the original's is 2013."""
    account, other = site.take("empty"), site.take("empty")
    paid = ask(bank, PAY, pay(account.account_no, 500, DEPOSIT))

    ask(bank, STATUS, status(other.account_no, paid.serial), "2013")


def test_banks_do_not_see_each_others_payments(site, bank):
    """The same serial of another bank is another identity: state 0 for STATUS, 2007 for INVOICE."""
    account, other = site.take("empty"), site.bank("0103")
    paid = ask(bank, PAY, pay(account.account_no, 500, DEPOSIT))

    told = messages.STATUS_REPLY.unpack(ask(other, STATUS, status(account.account_no, paid.serial)).body)

    assert told["state"] == 0
    ask(other, INVOICE, invoice(account.account_no, paid.serial), "2007")
    ask(other, CANCEL, undo(account.account_no, 500, paid.serial), "2007")


# --- records ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("txn_code", [PAYMENTS, CONSUMPTION])
def test_records_of_nobody(bank, txn_code):
    """Records of an account that does not exist are 2001."""
    ask(bank, txn_code, records(NOBODY), "2001")


def test_records_come_in_pages(site, bank):
    """Twenty payments come in pages of fifteen and thirty bills in pages of twenty-four, newest first."""
    account, many = site.take("empty"), site.take("many")
    serials = [ask(bank, PAY, pay(account.account_no, 1 + at, DEPOSIT)).fep_serial for at in range(20)]

    pages = [
        messages.payments_reply(ask(bank, PAYMENTS, records(account.account_no, page=page)).body) for page in (1, 2, 3)
    ]
    bills = messages.consumption_reply(ask(bank, CONSUMPTION, records(many.account_no, months=24)).body)

    assert [(head["row_count"], head["page"], len(rows)) for head, rows in pages] == [
        (20, 1, 15),
        (20, 2, 5),
        (20, 3, 0),
    ]
    assert [row["fep_serial"] for _, rows in pages for row in rows] == serials[::-1]
    assert [row["balance_after"] for row in pages[0][1][:2]] == [210, 190]
    assert (bills[0]["row_count"], len(bills[1])) == (23, 23)  # this month has none, so 23 of the last 24 months


# --- INVOICE ----------------------------------------------------------------------------------------------------------


def _prints(bank, code, *args, **fields):
    reply = ask(bank, INVOICE, invoice(*args), code, **fields)
    return messages.INVOICE_HEAD.unpack(reply.body[:336]) if code == "0000" else None


def test_three_reprints_and_no_more(site, bank):
    """After the first print an invoice can be reprinted three times; the fourth reprint is 2014."""
    account = site.take("empty")
    paid = ask(bank, PAY, pay(account.account_no, 100_000, DEPOSIT))

    heads = [_prints(bank, "0000", account.account_no, paid.serial, 2) for _ in range(4)]

    assert [head["print_count"] for head in heads] == [1, 2, 3, 4]
    assert len({head["invoice_no"] for head in heads}) == 1
    assert (heads[0]["row_count"], heads[0]["amount_in_words"]) == (0, "壹仟元整")
    _prints(bank, "2014", account.account_no, paid.serial, 2)


def test_the_invoice_of_the_payment_counts_as_the_first(site, bank):
    """An invoice printed with the payment has its number, and the first INVOICE is a reprint."""
    account = site.take("empty")
    paid = ask(bank, PAY, pay(account.account_no, 100, DEPOSIT, print_invoice=1))

    head = _prints(bank, "0000", account.account_no, paid.serial, 1)

    assert (head["invoice_no"], head["print_count"]) == (pay_fields(paid)["invoice_no"], 2)


def test_a_repeated_invoice_is_not_counted(site, bank):
    """The same INVOICE sent again is answered again and not counted; other content under its serial is 2006."""
    account = site.take("empty")
    paid = ask(bank, PAY, pay(account.account_no, 100, DEPOSIT))
    request = bank.build(INVOICE, invoice(account.account_no, paid.serial))

    first, second = (bank.exchange(request) for _ in range(2))

    assert (first.code, second.code, first.body) == ("0000", "0000", second.body)
    assert _prints(bank, "0000", account.account_no, paid.serial, 2)["print_count"] == 2


def test_only_page_one_counts(site, bank):
    """Reading the third page of an invoice of thirty bills prints nothing."""
    account = site.take("many")
    paid = ask(bank, PAY, pay(account.account_no, account.payable))
    first = ask(bank, INVOICE, invoice(account.account_no, paid.serial))

    third = ask(bank, INVOICE, invoice(account.account_no, paid.serial, 1, 3))

    head = messages.INVOICE_HEAD.unpack(third.body[:336])
    assert (head["row_count"], head["print_count"]) == (30, 1)
    months = [first.body[336 + 48 * at :][:6].decode() for at in range(12)]
    months += [third.body[336 + 48 * at :][:6].decode() for at in range(6)]
    assert months == [bill.month for bill in account.bills[:12] + account.bills[24:]]
    assert not any(third.body[336 + 48 * 6 :])


def test_refusals_of_invoice_in_their_order(site, bank):
    """Not ours 2007, another account 2013, undone 2008."""
    account, other = site.take("empty"), site.take("empty")
    paid = ask(bank, PAY, pay(account.account_no, 100, DEPOSIT))
    ask(bank, CANCEL, undo(account.account_no, 100, paid.serial))

    _prints(bank, "2007", account.account_no, new_serial())
    _prints(bank, "2013", other.account_no, paid.serial)
    _prints(bank, "2008", account.account_no, paid.serial)
