"""5001 BILL_PUSH: new bills of mandate accounts are pushed to their bank, and what it debits is posted once."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from tests.support.daemon import done, fep
from tests.support.raw_bank import ENCRYPTED, RawBank, today
from tests.system.checks import ask
from tests.system.conftest import Site
from tests.system.database import execute
from tests.system.messages import ACCEPTED, DEBITED, DEPOSIT, PAY, PAY_REPLY, REFUSED, SETTLE, pay
from tests.system.pushing import (
    BANK,
    DUE,
    DUE_FEN,
    FEE_FEN,
    PASSBOOK,
    PRINCIPAL_FEN,
    answer,
    bill_state,
    bills_file,
    give_mandate,
    load_bill,
    make_due,
    new_debit_serial,
    payments_under,
    pushed,
    stored,
    wait_for,
)


@pytest.fixture(scope="module")
def site(make_site: Callable[[], Site], secrets: set[str]) -> Iterator[Site]:
    """A running site that pushes to two banks; one of them may not encrypt."""
    site = make_site()
    site.daemon.configure_bank(BANK, push=True)
    site.daemon.configure_bank("0103", push=True, encryption="forbidden")
    site.daemon.start()
    yield site
    site.close(secrets | {PASSBOOK})


@pytest.fixture
def bank(site: Site) -> Iterator[RawBank]:
    """The bank, signed in."""
    bank = site.bank(BANK)
    yield bank
    bank.close()


@pytest.fixture(autouse=True)
def _end_pushes(site: Site) -> Iterator[None]:
    """Leave no push behind that nobody answers: a bank that is silent is left alone for a while."""
    yield
    site.hang_up()
    execute(site.directory, "UPDATE pushes SET state = 'expired' WHERE state IN ('waiting', 'accepted')")


def given_bill(site: Site, **bill: int) -> tuple[str, str]:
    """Return a mandate account without debts, and the bill that was loaded for it."""
    account = site.take("empty")
    give_mandate(site, account)
    return account.account_no, load_bill(site, account, **bill)


def test_a_bill_is_pushed_and_its_debit_posted(site: Site, bank: RawBank) -> None:
    """All fields are the bill's and the mandate's; the debit settles the bill under the bank's serial, once."""
    account_no, bill_no = given_bill(site)
    frame, fields = pushed(bank, bill_no)
    assert fields == {
        "account_no": account_no,
        "name": "代扣户",
        "passbook": PASSBOOK,
        "month": "202610",
        "seq": "07",
        "bill_no": bill_no,
        "principal": PRINCIPAL_FEN,
        "late_fee": FEE_FEN,
        "due_date": fields["due_date"],
    }
    assert frame.flags == ENCRYPTED
    assert (frame.serial, frame.header[20:40], frame.header[46:48]) == (0, b" " * 12 + frame.header[32:40], b"02")
    assert int(frame.fep_serial) == stored(site, bill_no)["fep_serial"]

    serial = new_debit_serial()
    answer(bank, frame, DEBITED, debit_date=today(), debit_serial=serial, amount=DUE_FEN)
    push = wait_for(site, bill_no, state="debited", debited_fen=DUE_FEN, is_reported=0, debit_serial=serial)
    assert payments_under(site, serial) == [(DUE_FEN, PRINCIPAL_FEN, FEE_FEN, 0, 2)]
    assert bill_state(site, bill_no) == "settled"
    (posted,) = execute(site.directory, "SELECT fep_serial FROM payments WHERE bank_serial = ?", serial)
    assert push["posted_serial"] == posted[0]
    event = site.daemon.wait_for_event(
        lambda event: event.get("event") == "push_debited" and event["fep_serial"] == frame.fep_serial
    )
    assert (event["bank_code"], event["debit_serial"]) == (BANK, serial)


def test_where_encryption_is_forbidden_the_push_is_plain(site: Site) -> None:
    """The FEP's own requests go by the bank's setting."""
    account = site.take("empty")
    give_mandate(site, account, "0103")
    bill_no = load_bill(site, account)
    bank = site.bank("0103")
    frame, _ = pushed(bank, bill_no)
    assert frame.flags == 0
    answer(bank, frame, REFUSED, refusal=62)
    assert wait_for(site, bill_no, state="refused")["refusal"] == "0062"


def test_a_refused_bill_is_not_pushed_again(site: Site, bank: RawBank) -> None:
    """The code is kept, the bill stays open, and the next look leaves it alone."""
    _, bill_no = given_bill(site)
    frame, _ = pushed(bank, bill_no)
    mark = site.daemon.mark()
    answer(bank, frame, REFUSED, refusal=1)
    wait_for(site, bill_no, state="refused", refusal="0001")
    told = site.daemon.wait_for_event(lambda event: str(event.get("event")).startswith("push_"), mark)
    assert (told["event"], told["refusal"], "debit_date" in told) == ("push_refused", "0001", False)
    make_due(site, bill_no)
    _, other = given_bill(site)
    pushed(bank, other)
    assert [f for f in bank.fep_requests if bill_no.encode() in f.body] == []
    assert bill_state(site, bill_no) == "open"


def test_no_reply_is_asked_again_under_the_same_number(site: Site, bank: RawBank) -> None:
    """A bank that debited and whose reply was lost says the same serial again; it is posted once."""
    _, bill_no = given_bill(site)
    first, fields = pushed(bank, bill_no)
    bank.close()
    again = site.bank(BANK)
    make_due(site, bill_no)
    second, same = pushed(again, bill_no)
    assert (second.fep_serial, same) == (first.fep_serial, fields)
    assert stored(site, bill_no)["tries"] == 2

    serial = new_debit_serial()
    debited = {"debit_date": today(), "debit_serial": serial, "amount": DUE_FEN}
    answer(again, second, DEBITED, **debited)
    answer(again, second, DEBITED, **debited)
    wait_for(site, bill_no, state="debited")
    again.check_alive()
    assert payments_under(site, serial) == [(DUE_FEN, PRINCIPAL_FEN, FEE_FEN, 0, 2)]


@pytest.mark.parametrize(
    "wrong", [{"amount": 0}, {"amount": -1}, {"debit_serial": 0}, {"debit_date": None}, {"refusal": b"abcd"}]
)
def test_a_malformed_reply_is_none(site: Site, bank: RawBank, wrong: dict[str, object]) -> None:
    """Nothing is posted; the bill stays to be pushed again."""
    _, bill_no = given_bill(site)
    frame, _ = pushed(bank, bill_no)
    mark = site.daemon.mark()
    debited = {"debit_date": today(), "debit_serial": new_debit_serial(), "amount": DUE_FEN}
    answer(bank, frame, DEBITED, **{**debited, **wrong})
    site.daemon.wait_for_event(lambda event: event.get("event") == "own_reply_invalid", mark)
    bank.check_alive()
    assert stored(site, bill_no)["state"] == "waiting"
    assert bill_state(site, bill_no) == "open"


def test_a_debit_of_another_amount(site: Site, bank: RawBank) -> None:
    """Too little settles nothing and goes to the balance, too much leaves a balance; both are reported."""
    _, bill_no = given_bill(site)
    frame, _ = pushed(bank, bill_no)
    serial = new_debit_serial()
    answer(bank, frame, DEBITED, debit_date=today(), debit_serial=serial, amount=DUE_FEN - 1)
    wait_for(site, bill_no, state="debited", is_reported=1)
    assert payments_under(site, serial) == [(DUE_FEN - 1, 0, 0, DUE_FEN - 1, 2)]
    assert bill_state(site, bill_no) == "open"

    _, bill_no = given_bill(site)
    frame, _ = pushed(bank, bill_no)
    serial = new_debit_serial()
    answer(bank, frame, DEBITED, debit_date=today(), debit_serial=serial, amount=DUE_FEN + 500)
    wait_for(site, bill_no, state="debited", is_reported=1)
    assert payments_under(site, serial) == [(DUE_FEN + 500, PRINCIPAL_FEN, FEE_FEN, 500, 2)]


def test_a_bill_paid_at_the_counter_meanwhile(site: Site, bank: RawBank) -> None:
    """What is debited all the same goes to the balance, and is reported."""
    account_no, bill_no = given_bill(site)
    frame, _ = pushed(bank, bill_no)
    assert bank.request(PAY, pay(account_no, DUE_FEN, SETTLE)).code == "0000"
    serial = new_debit_serial()
    answer(bank, frame, DEBITED, debit_date=today(), debit_serial=serial, amount=DUE_FEN)
    wait_for(site, bill_no, state="debited", is_reported=1)
    assert payments_under(site, serial) == [(DUE_FEN, 0, 0, DUE_FEN, 2)]


def test_a_serial_that_is_another_payments(site: Site, bank: RawBank) -> None:
    """The same identity with another account or amount is a dead letter with an alarm; nothing is posted."""
    other = site.take("empty").account_no
    request = bank.build(PAY, pay(other, DUE_FEN, DEPOSIT))
    assert bank.exchange(request).code == "0000"
    _, bill_no = given_bill(site)
    frame, _ = pushed(bank, bill_no)
    serial = request[2:][48:60].decode()
    mark = site.daemon.mark()
    answer(bank, frame, DEBITED, debit_date=today(), debit_serial=serial, amount=DUE_FEN)
    push = wait_for(site, bill_no, state="dead", reason="identity_taken")
    assert push["posted_serial"] is None
    alarm = site.daemon.wait_for_event(lambda event: event.get("event") == "push_dead", mark)
    assert (alarm["level"], alarm["reason"], alarm["debit_serial"]) == ("error", "identity_taken", serial)
    assert bill_state(site, bill_no) == "open"

    # The bank has found its slip: an operator has it asked again under the same number, and its right serial is posted.
    words = ("--reason", "bank named a wrong serial", "--config", site.directory / "fep.toml")
    done(fep("push", "retry", frame.fep_serial, *words))
    again, _ = pushed(bank, bill_no)
    assert again.fep_serial == frame.fep_serial
    right = new_debit_serial()
    answer(bank, again, DEBITED, debit_date=today(), debit_serial=right, amount=DUE_FEN)
    wait_for(site, bill_no, state="debited", debit_serial=right, reason=None)
    assert payments_under(site, right) == [(DUE_FEN, PRINCIPAL_FEN, FEE_FEN, 0, 2)]
    acts = execute(site.directory, "SELECT act, subject FROM operator_acts WHERE act = 'push_retry'")
    assert acts == [("push_retry", f"{frame.fep_serial} {today():%Y%m%d} {serial}")]


def test_a_debit_that_the_bank_posted_by_itself(site: Site, bank: RawBank) -> None:
    """The identity is there with the same account and amount: it is that payment, and posted once."""
    account_no, bill_no = given_bill(site)
    frame, _ = pushed(bank, bill_no)
    request = bank.build(PAY, pay(account_no, DUE_FEN, DEPOSIT), channel=2)
    paid = bank.exchange(request)
    assert paid.code == "0000"
    serial = request[2:][48:60].decode()
    answer(bank, frame, DEBITED, debit_date=today(), debit_serial=serial, amount=DUE_FEN)
    push = wait_for(site, bill_no, state="debited")
    assert (push["posted_serial"], push["is_reported"]) == (int(paid.fep_serial), 0)
    assert len(payments_under(site, serial)) == 1


def test_the_late_fee_of_an_accepted_bill_holds(site: Site, bank: RawBank) -> None:
    """The bank pays days later what it was asked for, over channel 02; over any other channel today's fee is due."""
    account_no, bill_no = given_bill(site)
    frame, _ = pushed(bank, bill_no)
    answer(bank, frame, ACCEPTED)
    wait_for(site, bill_no, state="accepted")
    # The bill was pushed ten days ago, as far as its fee goes.
    cheaper = FEE_FEN - 120
    execute(site.directory, "UPDATE pushes SET late_fee_fen = ? WHERE bill_no = ?", cheaper, bill_no)
    short = bank.request(PAY, pay(account_no, PRINCIPAL_FEN + cheaper, SETTLE), channel=1)
    assert short.code == "2003"
    paid = ask(bank, PAY, pay(account_no, PRINCIPAL_FEN + cheaper, DEPOSIT), channel=2)
    fields = PAY_REPLY.unpack(paid.body)
    assert (fields["settled_late_fee"], fields["balance_change"], fields["due_after"]) == (cheaper, 0, 0)
    assert stored(site, bill_no)["state"] == "settled"


def test_a_bill_settled_otherwise_ends_its_push(site: Site, bank: RawBank) -> None:
    """An accepted bill that is paid at the counter is found settled at the next look."""
    account_no, bill_no = given_bill(site)
    frame, _ = pushed(bank, bill_no)
    answer(bank, frame, ACCEPTED)
    wait_for(site, bill_no, state="accepted")
    assert bank.request(PAY, pay(account_no, DUE_FEN, SETTLE)).code == "0000"
    make_due(site, bill_no)
    wait_for(site, bill_no, state="settled")


def test_what_is_not_pushed(site: Site, bank: RawBank) -> None:
    """No mandate, one that ended, an account that does not pay so, a bill in a debit batch, one that is too old."""
    plain, ended, closed = site.take("empty"), site.take("empty"), site.take("closed")
    give_mandate(site, ended, state="ended")
    give_mandate(site, closed)
    assert [stored(site, load_bill(site, account)) for account in (plain, ended)] == [{}, {}]
    assert wait_for(site, load_bill(site, closed), state="expired")["reason"] == "not_payable"

    held = site.take("future")
    give_mandate(site, held)
    execute(site.directory, "UPDATE bills SET state = 'in_debit' WHERE account_no = ?", held.account_no)
    waits = load_bill(site, held)
    old, gone = given_bill(site)[1], given_bill(site)[1]
    pushed(bank, old)
    pushed(bank, gone)
    execute(site.directory, "UPDATE pushes SET created_at = 20200101000000000 WHERE bill_no = ?", old)
    execute(
        site.directory,
        "UPDATE mandates SET state = 'ended' WHERE account_no = (SELECT account_no FROM pushes WHERE bill_no = ?)",
        gone,
    )
    bank.close()  # what waits for an answer is not looked at
    again = site.bank(BANK)
    make_due(site, old)
    make_due(site, gone)
    assert wait_for(site, old, state="expired")["reason"] == "too_old"
    assert wait_for(site, gone, state="expired")["reason"] == "mandate_ended"
    put_off = "SELECT bill_no FROM pushes WHERE bill_no = ? AND tries = 0 AND due_at > created_at"
    assert execute(site.directory, put_off, waits) == [(waits,)]
    execute(site.directory, "UPDATE bills SET state = 'open' WHERE account_no = ?", held.account_no)
    make_due(site, waits)
    frame, _ = pushed(again, waits)
    answer(again, frame, REFUSED, refusal=9)


def test_a_bank_that_is_not_signed_in_is_pushed_to_later(site: Site) -> None:
    """The push waits; it goes out as soon as the link has proven its keys."""
    _, bill_no = given_bill(site)
    assert stored(site, bill_no)["tries"] == 0
    bank = site.bank(BANK)
    frame, _ = pushed(bank, bill_no)
    answer(bank, frame, REFUSED, refusal=9)
    wait_for(site, bill_no, state="refused")


def test_a_load_that_fails_pushes_nothing(site: Site) -> None:
    """A file with one bad row stores neither bills nor pushes."""
    account = site.take("empty")
    give_mandate(site, account)
    rows = [("TBPUSHBAD1", account.account_no, 100, DUE), ("TBPUSHBAD2", "0199999999", 100, DUE)]
    path = bills_file(site.directory, *rows)
    assert fep("load", path, "--config", site.directory / "fep.toml").returncode == 2
    assert stored(site, "TBPUSHBAD1") == {}


def test_days_of_debits(site: Site, bank: RawBank) -> None:
    """A debit of yesterday is posted; one of before the bill was loaded, or of next week, is left to a person."""
    for day, state in (
        (today() - timedelta(1), "debited"),
        (today() - timedelta(9), "dead"),
        (today() + timedelta(5), "dead"),
    ):
        _, bill_no = given_bill(site)
        frame, _ = pushed(bank, bill_no)
        answer(bank, frame, DEBITED, debit_date=day, debit_serial=new_debit_serial(), amount=DUE_FEN)
        wait_for(site, bill_no, state=state)
    assert stored(site, bill_no)["reason"] == "date_implausible"
