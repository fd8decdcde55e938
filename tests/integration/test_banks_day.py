"""A bank's day over the wire on the utility's own tables, which are looked at afterwards. 银行交易落到自有营销表"""

import pytest

from tests.integration.utility import Bill, fen
from tests.support.raw_bank import new_serial
from tests.system import messages
from tests.system.checks import ask, check_reply, clearing_date, pay_fields, query_fields
from tests.system.messages import (
    CANCEL,
    CONSUMPTION,
    DEPOSIT,
    INVOICE,
    PAY,
    PAYMENTS,
    QUERY,
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

OPEN, SETTLED = ("01", False, False), ("03", True, True)


def test_query_shows_the_utilitys_figures(utility, bank):
    """A bill of three rows in yuan is one bill in fen; one that was put off has no late fee yet."""
    late, put_off = Bill(("100.00", "-3.35", "12.80"), due_days=-30), Bill(("50.00",), due_days=-30, deferred_days=5)
    customer = utility.enrol(late, put_off, ye="20.05")

    head, rows = messages.query_reply(ask(bank, QUERY, query(customer.yhbh)).body)

    # 109.45 yuan, 30 days at 0.1 %: 3.28 yuan
    assert (head["name"], head["address"]) == utility.execute(
        "SELECT yhmc, yddz FROM yx.yx_khda WHERE yhbh = %s", customer.yhbh
    )[0]
    assert (head["supply_branch"], head["account_state"], head["collect_mode"]) == ("JC0201", 1, 1)
    assert (head["payable_now"], head["bill_count"], head["balance"]) == (1, 2, 2_005)
    assert (head["principal_due"], head["late_fee_due"], head["payable"]) == (15_945, 328, 15_945 + 328 - 2_005)
    assert [(row["bill_no"], row["principal"], row["late_fee"]) for row in rows] == [
        (customer.bills[0].ysdh, 10_945, 328),
        (customer.bills[1].ysdh, 5_000, 0),
    ]
    assert [row["due_date"] for row in rows] == [bill.due.strftime("%Y%m%d") for bill in (late, put_off)]
    assert (rows[0]["month"], rows[0]["seq"], rows[0]["energy"]) == (customer.bills[0].month, "01", 12_345)


@pytest.mark.parametrize(("kind", "column"), [(2, "dbbh"), (3, "dkzh")])
def test_query_by_meter_and_bank_account(utility, bank, kind, column):
    """A meter number padded with blanks and a bank account lead to the account."""
    customer = utility.enrol(Bill(), **{column: f"KEY{kind}"})

    head, _ = messages.query_reply(ask(bank, QUERY, query(f"KEY{kind}", kind)).body)

    assert head["account_no"] == customer.yhbh


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"yhzt": "02"}, "2004"),
        ({"yhzt": "03"}, "2004"),
        ({"yhzt": "77"}, "2004"),
        ({"jffs": "03"}, "2017"),
        ({"jffs": "99"}, "2017"),
        ({"dsbz": "0"}, "2017"),
    ],
)
def test_what_banks_may_not_collect(utility, bank, columns, code):
    """Suspended, closed, card and pay-at-utility accounts are refused by their codes, and so is an unknown code."""
    customer = utility.enrol(Bill(), **columns)

    ask(bank, PAY, pay(customer.yhbh, customer.payable), code)

    assert utility.states(customer.bills) == ["01"]


def test_a_bill_in_a_debit_batch(utility, bank):
    """While the utility's own direct debit has a bill under way, the account cannot be paid."""
    customer = utility.enrol(Bill(), Bill())
    utility.execute("UPDATE yx.yx_ysdz SET zt = '02' WHERE ysdh = %s", customer.bills[0].ysdh)

    assert query_fields(bank, customer.yhbh)["payable_now"] == 0
    ask(bank, PAY, pay(customer.yhbh, customer.payable), "2011")


def test_classes_decide_the_late_fee(utility, bank):
    """Every class but 居民生活 pays the higher late fee."""
    customer = utility.enrol(Bill(("1000.00",), due_days=-10), yhlb="大工业")

    head = query_fields(bank, customer.yhbh)

    assert head["late_fee_due"] == customer.fee(customer.bills[0]) != 1_000


def test_settle_repeat_cancel_and_settle_again(utility, bank):
    """A settled bill is settled in all its rows, a repeat changes nothing, an undo opens it as it was."""
    customer = utility.enrol(Bill(("70.00", "5.00", "1.50"), due_days=-40), Bill(("60.00",)))
    serial = new_serial()
    body = pay(customer.yhbh, customer.payable, expected_payable=customer.payable)
    request = bank.build(PAY, body, serial=serial)

    first = check_reply(request, bank.exchange(request))
    again = check_reply(request, bank.exchange(request), repeat=True)

    assert again.body == first.body
    assert pay_fields(first)["settled_late_fee"] == sum(customer.fee(bill) for bill in customer.bills)
    assert [utility.rows(bill) for bill in customer.bills] == [[SETTLED] * 3, [SETTLED]]
    receipts = utility.execute(
        "SELECT ysdh, je, wyj, yhdm, fep_lsh FROM fep_books.receipts WHERE yhbh = %s ORDER BY ysdh", customer.yhbh
    )
    assert [(row[0], int(row[1] * 100), int(row[2] * 100)) for row in receipts] == [
        (bill.ysdh, bill.principal, customer.fee(bill)) for bill in customer.bills
    ]
    assert {(row[3], f"{row[4]:012d}") for row in receipts} == {("0102", first.fep_serial)}
    assert utility.balance(customer) == "0.00"
    ask(bank, PAY, pay(customer.yhbh, 1), "2002")

    ask(bank, CANCEL, undo(customer.yhbh, customer.payable, serial))
    assert [utility.rows(bill) for bill in customer.bills] == [[OPEN] * 3, [OPEN]]
    assert utility.execute("SELECT * FROM fep_books.receipts WHERE yhbh = %s", customer.yhbh) == []

    ask(bank, PAY, pay(customer.yhbh, customer.payable))
    assert utility.states(customer.bills) == ["03", "03"]


def test_deposit_and_reverse(utility, bank):
    """A deposit settles whole bills from balance and money, the rest is the new balance; a reversal takes it back."""
    customer = utility.enrol(Bill(("70.00",)), Bill(("60.00",)), ye="10.25")
    serial = new_serial()

    fields = pay_fields(ask(bank, PAY, pay(customer.yhbh, 10_000, DEPOSIT), serial=serial))

    assert (fields["settled_principal"], fields["balance_change"], fields["balance_after"]) == (7_000, 3_000, 4_025)
    assert utility.states(customer.bills) == ["03", "01"]
    assert utility.balance(customer) == "40.25"

    ask(bank, REVERSE, undo(customer.yhbh, 10_000, serial))
    assert utility.states(customer.bills) == ["01", "01"]
    assert utility.balance(customer) == "10.25"


def test_reversal_before_its_original(utility, bank):
    """A reversal that comes first keeps its payment out; nothing in the utility's tables moves."""
    customer = utility.enrol(Bill())
    serial = new_serial()

    ask(bank, REVERSE, undo(customer.yhbh, customer.payable, serial))
    ask(bank, PAY, pay(customer.yhbh, customer.payable), "2010", serial=serial)

    assert utility.rows(customer.bills[0]) == [OPEN]


def test_what_is_asked_afterwards(utility, bank):
    """STATUS, INVOICE, PAYMENTS, CONSUMPTION and totals are told from the journal and the utility's tables together."""
    day = clearing_date()
    before = totals(bank, day)
    customer = utility.enrol(Bill(("70.00", "1.11")), Bill(("60.00",)))
    serial = new_serial()
    paid = ask(bank, PAY, pay(customer.yhbh, customer.payable), serial=serial)

    state = messages.STATUS_REPLY.unpack(ask(bank, STATUS, status(customer.yhbh, serial)).body)
    printed = ask(bank, INVOICE, invoice(customer.yhbh, serial)).body
    head, rows = messages.table(messages.INVOICE_HEAD, messages.INVOICE_ROW, printed, "row_count")
    _, payments = messages.payments_reply(ask(bank, PAYMENTS, records(customer.yhbh)).body)
    _, consumption = messages.consumption_reply(ask(bank, CONSUMPTION, records(customer.yhbh)).body)
    after = totals(bank, day)

    assert (state["state"], state["amount"]) == (1, customer.payable)
    assert (head["amount"], head["print_count"]) == (customer.payable, 1)
    assert [(row["principal"], row["this_reading"] - row["previous_reading"]) for row in rows] == [
        (7_111, 12_345),
        (6_000, 12_345),
    ]
    assert [(row["fep_serial"], row["state"]) for row in payments] == [(paid.fep_serial, 1)]
    assert [(row["amount"], row["state"]) for row in consumption] == [(6_000, 3), (7_111, 3)]
    assert (after["pay_count"], after["pay_amount"]) == (
        before["pay_count"] + 1,
        before["pay_amount"] + customer.payable,
    )


def totals(bank, day):
    """Return the totals of a clearing date."""
    request = messages.TOTALS_REQUEST.pack(clearing_date=day)
    return messages.TOTALS_REPLY.unpack(ask(bank, RECON_TOTALS, request).body)


def test_bills_of_the_utilitys_own_counter_are_history(utility, bank):
    """A bill that the utility's counter settled is shown as settled and cannot be paid."""
    customer = utility.enrol(Bill())
    utility.execute("UPDATE yx.yx_ysdz SET zt = '03', ssrq = now() WHERE ysdh = %s", customer.bills[0].ysdh)

    _, rows = messages.consumption_reply(ask(bank, CONSUMPTION, records(customer.yhbh)).body)

    assert [row["state"] for row in rows] == [3]
    ask(bank, PAY, pay(customer.yhbh, 8_000), "2002")


def test_amounts_are_exact(utility, bank):
    """Balances that no binary fraction can hold go to fen and back to yuan unchanged."""
    customer = utility.enrol(ye="999999999.99")

    ask(bank, PAY, pay(customer.yhbh, 3, DEPOSIT))

    assert utility.balance(customer) == "1000000000.02"
    assert query_fields(bank, customer.yhbh)["balance"] == fen("1000000000.02")
