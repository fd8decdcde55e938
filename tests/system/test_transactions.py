"""A teller's day on every suite, plain and encrypted: each field of each reply. 逐笔交易、逐个字段

Expected figures are computed from the accounts that were loaded (``billing.py``) and the rules, never read back.
"""

import os
from datetime import datetime, timedelta

import pytest

from tests.support.raw_bank import ECHO, KEY_EXCHANGE, SHANGHAI, SIGN_IN, SIGN_IN_REPLY, SIGN_OUT, SUITES, now, today
from tests.system import messages
from tests.system.billing import month_back
from tests.system.checks import NONE_SERIAL, ask, check_reply, clearing_date, pay_fields, query_fields
from tests.system.messages import (
    CANCEL,
    CONSUMPTION,
    DEPOSIT,
    INVOICE,
    PAY,
    PAYMENTS,
    QUERY,
    RECON_DETAIL,
    RECON_TOTALS,
    REVERSE,
    STATUS,
    invoice,
    pay,
    query,
    records,
    status,
    undo,
)

LINKS = [(code, encrypted) for code in SUITES for encrypted in (False, True)]


def _name(link: tuple[str, bool]) -> str:
    return f"{SUITES[link[0]]}-{'encrypted' if link[1] else 'plain'}"


@pytest.fixture(params=LINKS, ids=_name)
def bank(request, site):
    """A signed-in link of each suite, plain and encrypted."""
    code, encrypted = request.param
    return site.bank(code, encrypted=encrypted)


def ymd(value):
    """Return a date as the wire has it."""
    return value.strftime("%Y%m%d")


# --- link -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", SUITES)
def test_sign_in_hands_out_fresh_keys(site, code):
    """A sign-in is MACed with AK, echoes the random, and wraps two keys whose check values are right."""
    bank = site.connect(code)
    random = os.urandom(16)
    request = bank.build(SIGN_IN, random + bytes(16))
    reply = check_reply(request, bank.exchange(request))

    fields = SIGN_IN_REPLY.unpack(reply.body)
    assert fields["client_random"] == random
    assert fields["key_version"] > 0
    assert fields["key_lifetime"] == 86_400
    server = datetime.strptime(fields["server_time"], "%Y%m%d%H%M%S").replace(tzinfo=SHANGHAI)
    assert abs(now() - server) < timedelta(seconds=5)
    keys = bank.take_keys(reply)
    assert keys.mak != keys.tek
    bank.check_alive()
    other = site.bank(code)
    assert {keys.mak, keys.tek}.isdisjoint({other.keys[other.version].mak, other.keys[other.version].tek})


def test_echo_is_answered(bank):
    """An ECHO gets an empty reply, never encrypted."""
    assert ask(bank, ECHO).body == b""


def test_keys_are_exchanged_on_the_running_link(bank):
    """A key exchange gives new keys of another version, and business goes on under them."""
    old = bank.keys[bank.version]

    reply = bank.exchange_keys(KEY_EXCHANGE)

    assert (reply.code, reply.mac_state, reply.key_version) == ("0000", "right", 0)
    assert bank.version != old.version
    assert bank.keys[bank.version].mak != old.mak
    bank.check_alive()


def test_sign_out_is_answered_and_closes(bank):
    """A SIGN_OUT gets its reply, then the FEP closes the connection."""
    ask(bank, SIGN_OUT)

    assert bank.until_closed() == []


# --- query ------------------------------------------------------------------------------------------------------------


def test_query_shows_what_is_owed(site, bank):
    """A QUERY shows the account, each bill with its late fee of today, and what is payable."""
    account = site.take("owing")

    head, rows = messages.query_reply(ask(bank, QUERY, query(account.account_no)).body)

    assert head == {
        "account_no": account.account_no,
        "name": account.name,
        "address": account.address,
        "supply_branch": account.supply_branch,
        "account_state": 1,
        "collect_mode": 1,
        "payable_now": 1,
        "rsv1": None,
        "bill_count": 3,
        "page": 1,
        "bills_in_page": 3,
        "balance": 0,
        "principal_due": account.principal_due,
        "late_fee_due": account.late_fee_due,
        "total_due": account.total_due,
        "payable": account.payable,
        "rsv2": None,
    }
    assert rows == [
        {
            "month": bill.month,
            "seq": "01",
            "bill_no": bill.bill_no,
            "energy": bill.energy,
            "principal": bill.principal,
            "late_fee": account.fee(bill),
            "due_date": ymd(bill.due),
            "state": 1,
            "rsv": None,
        }
        for bill in account.bills
    ]


def test_query_takes_a_balance_into_account(site, bank):
    """What is payable is what is owed less the balance, and never below zero."""
    partly, saved = site.take("partly") if bank.encrypted else None, site.take("saved")
    for account in filter(None, (partly, saved)):
        head = query_fields(bank, account.account_no)

        assert (head["balance"], head["total_due"]) == (account.balance, account.total_due)
        assert head["payable"] == account.payable


# --- paying -----------------------------------------------------------------------------------------------------------


def test_pay_settles_everything(site, bank):
    """A PAY in mode settle settles each bill with its late fee and prints an invoice when asked."""
    account = site.take("owing")

    reply = ask(bank, PAY, pay(account.account_no, account.payable, print_invoice=1, expected_payable=account.payable))

    fields = pay_fields(reply)
    invoice_no = fields.pop("invoice_no")
    assert invoice_no
    assert fields == {
        "account_no": account.account_no,
        "name": account.name,
        "amount": account.total_due,
        "settled_principal": account.principal_due,
        "settled_late_fee": account.late_fee_due,
        "balance_change": 0,
        "balance_after": 0,
        "due_after": 0,
        "settled_count": 3,
        "rsv1": None,
        "first_month": account.bills[0].month,
        "last_month": account.bills[-1].month,
        "rsv2": None,
        "rsv3": None,
    }
    head, rows = messages.query_reply(ask(bank, QUERY, query(account.account_no)).body)
    assert (head["bill_count"], head["payable"], rows) == (0, 0, [])


def test_pay_deposit_settles_whole_bills_only(site, bank):
    """A deposit settles whole bills, oldest first, as far as it reaches; the rest stays as balance."""
    account = site.take("owing")
    first = account.bills[0].principal + account.fee(account.bills[0])

    fields = pay_fields(ask(bank, PAY, pay(account.account_no, first + 77, DEPOSIT, instrument=3)))

    assert (fields["settled_principal"], fields["settled_late_fee"]) == (12_000, account.fee(account.bills[0]))
    assert (fields["balance_change"], fields["balance_after"]) == (77, 77)
    assert fields["due_after"] == account.total_due - first
    assert (fields["settled_count"], fields["invoice_no"]) == (1, "")
    assert (fields["first_month"], fields["last_month"]) == (account.bills[0].month,) * 2
    head = query_fields(bank, account.account_no)
    assert (head["bill_count"], head["balance"], head["payable"]) == (2, 77, account.total_due - first - 77)


def test_cancel_takes_a_payment_back(site, bank):
    """A CANCEL reopens the bills, takes the balance back and reports both; the payment's state is cancelled."""
    account = site.take("owing")
    request = bank.build(PAY, pay(account.account_no, account.payable))
    paid = check_reply(request, bank.exchange(request))

    cancelled = ask(bank, CANCEL, undo(account.account_no, account.payable, paid.serial, reason=1))

    assert messages.UNDO_REPLY.unpack(cancelled.body) == {
        "account_no": account.account_no,
        "amount": account.payable,
        "original_fep_serial": paid.fep_serial,
        "rsv1": None,
        "balance_after": 0,
        "due_after": account.total_due,
        "outcome": 1,
        "rsv2": None,
    }
    assert cancelled.fep_serial != paid.fep_serial
    assert query_fields(bank, account.account_no)["payable"] == account.payable
    assert _status(bank, account.account_no, paid.serial)["state"] == 2
    own = _status(bank, account.account_no, cancelled.serial)
    assert (own["original_txn"], own["state"], own["original_fep_serial"]) == (CANCEL, 1, cancelled.fep_serial)


def test_reverse_takes_a_deposit_back(site, bank):
    """A REVERSE takes the deposit out of the balance; a second one under its own serial finds it undone."""
    account = site.take("empty")
    paid = ask(bank, PAY, pay(account.account_no, 4_321, DEPOSIT))
    assert query_fields(bank, account.account_no)["balance"] == 4_321

    first = ask(bank, REVERSE, undo(account.account_no, 4_321, paid.serial))
    second = ask(bank, REVERSE, undo(account.account_no, 4_321, paid.serial))

    fields = [messages.UNDO_REPLY.unpack(reply.body) for reply in (first, second)]
    assert [field["outcome"] for field in fields] == [1, 3]
    assert [field["original_fep_serial"] for field in fields] == [paid.fep_serial] * 2
    assert [field["balance_after"] for field in fields] == [0, 0]
    assert len({paid.fep_serial, first.fep_serial, second.fep_serial}) == 3
    assert _status(bank, account.account_no, paid.serial)["state"] == 3
    assert query_fields(bank, account.account_no)["balance"] == 0


def test_reverse_before_arrival_bars_the_payment(site, bank):
    """A REVERSE whose original never arrived records a tombstone; the PAY that comes late gets 2010."""
    account = site.take("future")
    request = bank.build(PAY, pay(account.account_no, 8_000))
    serial = int(request[50:62])

    reply = ask(bank, REVERSE, undo(account.account_no, 8_000, serial))

    assert messages.UNDO_REPLY.unpack(reply.body) == {
        "account_no": account.account_no,
        "amount": 8_000,
        "original_fep_serial": NONE_SERIAL,
        "rsv1": None,
        "balance_after": 0,
        "due_after": 8_000,
        "outcome": 2,
        "rsv2": None,
    }
    check_reply(request, bank.exchange(request), "2010")
    fields = _status(bank, account.account_no, serial)
    assert (fields["original_txn"], fields["state"], fields["amount"]) == (PAY, 4, 8_000)
    assert query_fields(bank, account.account_no)["payable"] == 8_000


def _status(bank, account_no, serial):
    return messages.STATUS_REPLY.unpack(ask(bank, STATUS, status(account_no, serial)).body)


def test_status_tells_what_became_of_a_payment(site, bank):
    """STATUS tells state, amount, fep_serial and clearing date of a payment, and zeros for one never seen."""
    account = site.take("future")
    paid = ask(bank, PAY, pay(account.account_no, 8_000))

    assert _status(bank, account.account_no, paid.serial) == {
        "original_txn": PAY,
        "state": 1,
        "rsv1": None,
        "account_no": account.account_no,
        "amount": 8_000,
        "original_fep_serial": paid.fep_serial,
        "clearing_date": clearing_date(),
        "reconciled": 0,
        "rsv2": None,
    }
    assert _status(bank, account.account_no, 999_999_999_999) == {
        "original_txn": 0,
        "state": 0,
        "rsv1": None,
        "account_no": account.account_no,
        "amount": 0,
        "original_fep_serial": NONE_SERIAL,
        "clearing_date": "00000000",
        "reconciled": 0,
        "rsv2": None,
    }


# --- records ----------------------------------------------------------------------------------------------------------


def test_payments_lists_newest_first(site, bank):
    """PAYMENTS lists each payment once, newest first, undone ones with their state."""
    account = site.take("empty")
    kept = ask(bank, PAY, pay(account.account_no, 1_000, DEPOSIT), channel=4)
    gone = ask(bank, PAY, pay(account.account_no, 2_000, DEPOSIT))
    ask(bank, CANCEL, undo(account.account_no, 2_000, gone.serial))
    ask(bank, PAY, pay(account.account_no, 0, DEPOSIT), "2012")

    head, rows = messages.payments_reply(ask(bank, PAYMENTS, records(account.account_no)).body)

    assert head == {
        "account_no": account.account_no,
        "name": account.name,
        "row_count": 2,
        "page": 1,
        "rows_in_page": 2,
        "rsv": None,
    }
    seen = [
        (
            row["date"],
            row["channel"],
            row["amount"],
            row["fep_serial"],
            row["bank_code"],
            row["state"],
            row["balance_after"],
        )
        for row in rows
    ]
    assert seen == [
        (ymd(today()), "01", 2_000, gone.fep_serial, bank.bank_code, 2, 3_000),
        (ymd(today()), "04", 1_000, kept.fep_serial, bank.bank_code, 1, 1_000),
    ]


def test_consumption_lists_bills_newest_first(site, bank):
    """CONSUMPTION lists energy, fee and balances by month, newest first, settled and open."""
    account = site.take("owing")
    first = account.bills[0].principal + account.fee(account.bills[0])
    ask(bank, PAY, pay(account.account_no, first + 77, DEPOSIT))

    head, rows = messages.consumption_reply(ask(bank, CONSUMPTION, records(account.account_no, months=12)).body)

    assert (head["row_count"], head["page"], head["rows_in_page"]) == (3, 1, 3)
    seen = [(row["month"], row["seq"], row["energy"], row["amount"], row["state"]) for row in rows]
    assert seen == [
        (bill.month, "01", bill.energy, bill.principal, 3 if at == 0 else 1)
        for at, bill in reversed(list(enumerate(account.bills)))
    ]
    assert [(row["balance_before"], row["balance_after"]) for row in rows] == [(77, 77), (77, 77), (0, 77)]


def test_consumption_counts_calendar_months_back(site, bank):
    """Of the default three calendar months the current one is the first."""
    account = site.take("owing")
    ask(bank, QUERY, query(account.account_no))

    _, rows = messages.consumption_reply(ask(bank, CONSUMPTION, records(account.account_no)).body)

    assert [row["month"] for row in rows] == [month_back(1), month_back(2)]


def test_invoice_is_printed_and_reprinted(site, bank):
    """An INVOICE shows amount, words and bills; print_count goes up by one for each page-1 request."""
    account = site.take("future")
    paid = ask(bank, PAY, pay(account.account_no, 12_345, DEPOSIT))

    reply = ask(bank, INVOICE, invoice(account.account_no, paid.serial))
    head, rows = messages.table(messages.INVOICE_HEAD, messages.INVOICE_ROW, reply.body, "row_count")

    assert head.pop("invoice_no")
    assert head == {
        "account_no": account.account_no,
        "name": account.name,
        "address": account.address,
        "amount": 12_345,
        "amount_in_words": "壹佰贰拾叁元肆角伍分",
        "print_count": 1,
        "row_count": 1,
        "rsv1": None,
        "first_month": account.bills[0].month,
        "last_month": account.bills[0].month,
        "rsv2": None,
    }
    (bill,) = account.bills
    assert rows == [
        {
            "month": bill.month,
            "seq": "01",
            "energy": bill.energy,
            "previous_reading": bill.previous,
            "this_reading": bill.this,
            "principal": bill.principal,
            "late_fee": 0,
        }
    ]
    again = ask(bank, INVOICE, invoice(account.account_no, paid.serial, action=2))
    assert messages.INVOICE_HEAD.unpack(again.body[:336])["print_count"] == 2


# --- reconciling ------------------------------------------------------------------------------------------------------


def _totals(bank):
    body = messages.TOTALS_REQUEST.pack(clearing_date=clearing_date().encode())
    return messages.TOTALS_REPLY.unpack(ask(bank, RECON_TOTALS, body).body)


def test_totals_of_the_open_day_grow_with_each_movement(site, bank):
    """RECON_TOTALS of the open day counts undone payments as payments, and no REVERSE but those that undid one."""
    account = site.take("empty")
    before = _totals(bank)
    kept, cancelled, reversed_ = (
        ask(bank, PAY, pay(account.account_no, amount, DEPOSIT)) for amount in (1_000, 200, 30)
    )
    ask(bank, CANCEL, undo(account.account_no, 200, cancelled.serial))
    ask(bank, REVERSE, undo(account.account_no, 30, reversed_.serial))
    ask(bank, REVERSE, undo(account.account_no, 30, reversed_.serial))
    ask(bank, REVERSE, undo(account.account_no, 7, 888_888_000_000 + kept.serial))

    after = _totals(bank)

    assert (after["clearing_date"], after["result"]) == (clearing_date(), 3)
    grown = {name: after[name] - before[name] for name in after if name.endswith(("_count", "_amount"))}
    assert grown == {
        "pay_count": 3,
        "pay_amount": 1_230,
        "cancel_count": 1,
        "cancel_amount": 200,
        "reverse_count": 1,
        "reverse_amount": 30,
    }


def test_details_of_the_open_day_are_not_to_be_had(bank):
    """RECON_DETAIL of a day still open is 3002, whatever the page."""
    for page in (0, 1, 65_535):
        body = messages.DETAIL_REQUEST.pack(clearing_date=clearing_date().encode(), page=page)
        ask(bank, RECON_DETAIL, body, "3002")


def test_a_day_that_does_not_exist_has_no_details(bank):
    """RECON_DETAIL of a day long before the first or not come yet is 3001."""
    for day in (b"20200101", ymd(today() + timedelta(days=40)).encode()):
        ask(bank, RECON_DETAIL, messages.DETAIL_REQUEST.pack(clearing_date=day, page=1), "3001")


def test_a_day_that_does_not_exist_cannot_be_reconciled(bank):
    """RECON_TOTALS of a day long before the first or not come yet is 3001."""
    for day in (b"20200101", ymd(today() + timedelta(days=40)).encode()):
        ask(bank, RECON_TOTALS, messages.TOTALS_REQUEST.pack(clearing_date=day), "3001")


# --- the log ----------------------------------------------------------------------------------------------------------


def test_each_transaction_is_one_line_of_the_log(site, bank):
    """A payment is logged once, with bank, transaction, both serials, code, time and batch size."""
    account = site.take("empty")
    mark = site.daemon.mark()

    paid = ask(bank, PAY, pay(account.account_no, 100, DEPOSIT))

    line = site.daemon.transaction_event(paid.serial, mark)
    assert (str(line["bank_code"]), line["response_code"]) == (bank.bank_code, "0000")
    assert int(line["fep_serial"]) == int(paid.fep_serial)
    assert "pay" in str(line["transaction"]).lower() or str(line["transaction"]) == "2002"
    assert line["elapsed_ms"] >= 0
    assert line["batch_size"] >= 1
    lines = [event for event in site.daemon.events(mark) if event.get("bank_serial") == line["bank_serial"]]
    assert lines == [line]
