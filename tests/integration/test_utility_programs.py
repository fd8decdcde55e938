"""The utility's own programs move the same accounts and bills at the same moment. 自有程序与银行交易并发

A program that keeps the rule of the document locks the account through the view first; one that does not keep it still
cannot make anything happen twice, as long as it says the old state in its UPDATE.
"""

from concurrent.futures import ThreadPoolExecutor

from tests.integration.utility import Bill, insert_bill
from tests.support.daemon import Daemon
from tests.support.raw_bank import new_serial
from tests.system import messages
from tests.system.checks import ask, check_reply, pay_fields, query_fields
from tests.system.messages import CANCEL, CONSUMPTION, DEPOSIT, PAY, REVERSE, pay, records, undo

OPEN = ("01", False, False)
LOCK = "SELECT 1 FROM fep_books.accounts WHERE account_no = %s FOR UPDATE"
COUNTER = "SELECT yx.gtsf(%s, %s)"
WITHDRAW = "UPDATE yx.yx_ysdz SET zt = '09' WHERE ysdh = %s AND zt = '01'"


def test_a_bill_withdrawn_between_query_and_payment(utility, bank):
    """What the teller saw is no longer owed: the payment is refused, with the new figure it is taken."""
    customer = utility.enrol(Bill(("70.00", "1.00")), Bill(("60.00",)))
    seen = query_fields(bank, customer.yhbh)["payable"]
    utility.execute(WITHDRAW, customer.bills[0].ysdh)

    ask(bank, PAY, pay(customer.yhbh, seen, expected_payable=seen), "2003")
    ask(bank, PAY, pay(customer.yhbh, seen), "2003")
    ask(bank, PAY, pay(customer.yhbh, 6_000, expected_payable=6_000))

    assert utility.states(customer.bills) == ["09", "03"]


def test_the_only_bill_withdrawn(utility, bank):
    """Where nothing is owed any more, there is nothing to pay, and nothing to show."""
    customer = utility.enrol(Bill())
    utility.execute(WITHDRAW, customer.bills[0].ysdh)

    ask(bank, PAY, pay(customer.yhbh, customer.payable), "2002")
    assert messages.consumption_reply(ask(bank, CONSUMPTION, records(customer.yhbh)).body)[1] == []


def test_the_counter_settles_while_the_bank_waits(utility, bank):
    """The utility's counter holds the account's lock: the bank's payment waits for it, and finds nothing to pay."""
    customer = utility.enrol(Bill(("70.00", "1.00")))
    request = bank.build(PAY, pay(customer.yhbh, customer.payable))

    with utility.program() as counter:
        assert counter.execute(COUNTER, [customer.yhbh, customer.bills[0].ysdh]).fetchone() == (True,)
        bank.send(request)
        utility.wait_until_blocked(counter)
        counter.commit()

    check_reply(request, bank.reply(request), "2002")
    assert utility.rows(customer.bills[0]) == [("03", False, True)] * 2


def test_a_counter_without_the_lock(utility, bank):
    """A program that settles without the lock is met at the bill itself: the bank's payment is decided again."""
    customer = utility.enrol(Bill(), Bill())
    request = bank.build(PAY, pay(customer.yhbh, customer.payable))

    with utility.program() as counter:
        counter.execute("UPDATE yx.yx_ysdz SET zt = '03' WHERE ysdh = %s AND zt = '01'", [customer.bills[1].ysdh])
        bank.send(request)
        utility.wait_until_blocked(counter)
        counter.commit()

    check_reply(request, bank.reply(request), "2003")
    assert utility.states(customer.bills) == ["01", "03"]


def test_the_bank_settles_while_the_counter_waits(utility, bank):
    """The bank has the lock: the counter waits for it, and its UPDATE then finds no open bill."""
    customer = utility.enrol(Bill())
    bill = customer.bills[0]
    request = bank.build(PAY, pay(customer.yhbh, customer.payable))

    def _counter():
        return utility.execute(COUNTER, customer.yhbh, bill.ysdh)

    with utility.program() as report, ThreadPoolExecutor() as pool:
        # A program that has nothing to do with it holds the bill's row, so that the bank's payment stops half way.
        report.execute("SELECT 1 FROM yx.yx_ysdz WHERE ysdh = %s FOR UPDATE", [bill.ysdh])
        bank.send(request)
        utility.wait_until_blocked(report)
        counter = pool.submit(_counter)
        report.commit()
        check_reply(request, bank.reply(request))
        assert counter.result(timeout=10) == [(False,)]

    assert utility.rows(bill) == [("03", True, True)]


def test_a_balance_moved_while_the_bank_waits(utility, bank):
    """The bank's deposit is added to the balance that the utility's program has left."""
    customer = utility.enrol(ye="10.00")
    request = bank.build(PAY, pay(customer.yhbh, 500, DEPOSIT))

    with utility.program() as program:
        program.execute("UPDATE yx.yx_yszh SET ye = ye + 7.77 WHERE yhbh = %s", [customer.yhbh])
        bank.send(request)
        utility.wait_until_blocked(program)
        program.commit()

    assert pay_fields(check_reply(request, bank.reply(request)))["balance_after"] == 2_277
    assert utility.balance(customer) == "22.77"


def test_a_bill_issued_while_the_bank_waits(utility, bank):
    """Issuing a bill holds the customer's row by its foreign key: the payment waits for it, and sees the new bill."""
    customer = utility.enrol(Bill(("60.00",)))
    request = bank.build(PAY, pay(customer.yhbh, 6_000))

    with utility.program() as issue:
        issued = insert_bill(issue, customer, Bill(("1.00",)))
        bank.send(request)
        utility.wait_until_blocked(issue)
        issue.commit()

    check_reply(request, bank.reply(request), "2003")
    assert utility.states([*customer.bills, issued]) == ["01", "01"]


def test_a_frozen_balance(site, utility, bank):
    """A trigger that refuses one payment refuses that one alone: 9003, and the others of its batch are done."""
    customers = [utility.enrol() for _ in range(30)]
    frozen = customers[-1]
    utility.execute("UPDATE yx.yx_yszh SET djbz = '1' WHERE yhbh = %s", frozen.yhbh)
    requests = [bank.build(PAY, pay(customer.yhbh, 500, DEPOSIT)) for customer in customers]
    serial = int(requests[-1][50:62])
    mark = site.daemons[0].mark()

    with utility.program() as blocker:
        blocker.execute("SELECT 1 FROM fep.clearing_dates WHERE bank_code = '0102' FOR UPDATE")
        bank.send(*requests)
        bank.check_alive()  # so all of them have been read
        utility.wait_until_blocked(blocker)
    codes = [bank.reply(request).code for request in requests]

    assert codes == ["0000"] * 29 + ["9003"]
    assert {utility.balance(customer) for customer in customers[:-1]} == {"5.00"}
    assert utility.balance(frozen) == "0.00"
    assert site.daemons[0].transaction_event(serial, mark)["batch_size"] > 1
    failed = site.daemons[0].wait_for_event(lambda event: event["event"] == "batch_failed", mark)
    assert failed["reason"] == "RaiseException P0001"


def test_a_frozen_balance_can_still_be_settled(utility, bank):
    """A payment that does not move the balance is none of the trigger's business; an undo that does is refused."""
    customer = utility.enrol(Bill())
    serial, deposit = new_serial(), new_serial()
    ask(bank, PAY, pay(customer.yhbh, 100, DEPOSIT), serial=deposit)
    utility.execute("UPDATE yx.yx_yszh SET djbz = '1' WHERE yhbh = %s", customer.yhbh)

    ask(bank, REVERSE, undo(customer.yhbh, 100, deposit), "9003")
    assert utility.balance(customer) == "1.00"

    utility.execute("UPDATE yx.yx_yszh SET djbz = '0' WHERE yhbh = %s", customer.yhbh)
    ask(bank, REVERSE, undo(customer.yhbh, 100, deposit))
    utility.execute("UPDATE yx.yx_yszh SET djbz = '1' WHERE yhbh = %s", customer.yhbh)
    ask(bank, PAY, pay(customer.yhbh, customer.payable), serial=serial)
    ask(bank, CANCEL, undo(customer.yhbh, customer.payable, serial))


def test_a_program_that_touches_what_the_fep_settled(utility, bank):
    """Where the FEP's mark was taken from a bill nothing is reopened: the undo fails, the disagreement is shown."""
    customer = utility.enrol(Bill())
    serial, mark = new_serial(), "SELECT fep_lsh FROM yx.yx_ysdz WHERE ysdh = %s"
    ask(bank, PAY, pay(customer.yhbh, customer.payable), serial=serial)
    ((fep_lsh,),) = utility.execute(mark, customer.bills[0].ysdh)
    utility.execute("UPDATE yx.yx_ysdz SET fep_lsh = NULL WHERE ysdh = %s", customer.bills[0].ysdh)

    ask(bank, CANCEL, undo(customer.yhbh, customer.payable, serial), "9003")
    assert utility.disagreements() == [
        ("a standing payment whose bill is not settled by it", customer.bills[0].ysdh, fep_lsh)
    ]

    utility.execute("UPDATE yx.yx_ysdz SET fep_lsh = %s WHERE ysdh = %s", fep_lsh, customer.bills[0].ysdh)
    ask(bank, CANCEL, undo(customer.yhbh, customer.payable, serial))
    assert utility.disagreements() == []


def test_a_program_that_keeps_the_lock_too_long(fresh_site):
    """A payment whose account stays locked is not approved; its reversal makes sure, and then it is taken."""
    Daemon(fresh_site.directory).configure("billing", db_timeout=3)
    fresh_site.start()
    bank, utility = fresh_site.bank(), fresh_site.utility
    customer = utility.enrol(Bill())
    serial = new_serial()

    with utility.program() as counter:
        counter.execute(LOCK, [customer.yhbh])
        refused = bank.request(PAY, pay(customer.yhbh, customer.payable), serial=serial)

    assert refused.code in {"9001", "9002"}
    ask(bank, REVERSE, undo(customer.yhbh, customer.payable, serial))
    assert utility.rows(customer.bills[0]) == [OPEN]
    ask(bank, PAY, pay(customer.yhbh, customer.payable))


def test_two_daemons_and_the_counter(fresh_site):
    """Two banks on two daemons and the utility's counter settle the same bills at once: each is settled once."""
    fresh_site.start()
    fresh_site.start()
    utility = fresh_site.utility
    customers = [utility.enrol(Bill(("70.00", "1.00")), Bill(("60.00",))) for _ in range(12)]
    banks = [fresh_site.bank("0102", daemon=0), fresh_site.bank("0103", daemon=1)]

    def _collect(bank):
        requests = [bank.build(PAY, pay(customer.yhbh, customer.payable)) for customer in customers]
        return [frame.code for frame in bank.replies(requests)]

    def _counter():
        settled = []
        with utility.program() as counter:
            for customer in reversed(customers):
                found = [counter.execute(COUNTER, [customer.yhbh, bill.ysdh]).fetchone() for bill in customer.bills]
                settled.append(found)
                counter.commit()
        return settled[::-1]

    with ThreadPoolExecutor() as pool:
        collected = [pool.submit(_collect, bank) for bank in banks]
        counted = pool.submit(_counter)
        codes, settled = [found.result(timeout=30) for found in collected], counted.result(timeout=30)

    for customer, answers, found in zip(customers, zip(*codes, strict=True), settled, strict=True):
        at_counter = found == [(True,), (True,)]
        assert at_counter or found == [(False,), (False,)]
        assert sorted(answers) == ["2002" if at_counter else "0000", "2002"]
        assert utility.states(customer.bills) == ["03", "03"]
    by_banks = sum(found[0] == (False,) for found in settled)
    assert utility.execute("SELECT count(*) FROM fep_books.receipts") == [(2 * by_banks,)]
