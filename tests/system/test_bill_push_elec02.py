"""Bills pushed to a bank of ELEC02 by its transaction 20, over connections that the daemon opens."""

import socket
from collections.abc import Callable, Iterator

import pytest

from tests.support.partner_bank import BANK_SERIAL, Asked, Manner, PartnerBank, approve, refuse, reply
from tests.system.conftest import Site
from tests.system.pushing import (
    DUE_FEN,
    FEE_FEN,
    PASSBOOK,
    PRINCIPAL_FEN,
    bill_state,
    give_mandate,
    load_bill,
    make_due,
    payments_under,
    wait_for,
)
from tests.system.tellers import bank as tellers
from tests.system.tellers.bank import FORMATS, Bank
from tests.system.test_tail import frames, watching

CODE = FORMATS["elec02"].bank_code
StartBank = Callable[[Manner], PartnerBank]


@pytest.fixture
def start(fresh_site: Site) -> Iterator[StartBank]:
    """A way to start the bank's program, which answers pushes in a certain manner, and the daemon that asks it."""
    banks: list[PartnerBank] = []

    def start(manner: Manner) -> PartnerBank:
        banks.append(PartnerBank(of_pushes(manner), 0))
        Bank(fresh_site, FORMATS["elec02"])
        fresh_site.daemon.configure_bank(CODE, partner=f"127.0.0.1:{banks[-1].port}", push=True)
        tellers.start(fresh_site)
        return banks[-1]

    yield start
    for bank in banks:
        bank.close()


def of_pushes(manner: Manner) -> Manner:
    """Approve the sign-in of the day, and answer pushes in this manner."""
    return lambda bank, line, asked: (manner if asked.code == "20" else approve)(bank, line, asked)


def cut_off(_bank: PartnerBank, line: socket.socket, _asked: Asked) -> None:
    """End without a word."""
    line.shutdown(socket.SHUT_RDWR)


def new_bill(site: Site) -> str:
    """Load a bill of a mandate account of the bank."""
    account = site.take("empty")
    give_mandate(site, account, CODE)
    return load_bill(site, account)


def pushes_of(bank: PartnerBank) -> list[Asked]:
    return [asked for asked in bank.asked if asked.code == "20"]


def test_an_auditor_sees_what_the_daemon_asks_over_its_own_connections(fresh_site: Site, start: StartBank) -> None:
    """fep tail shows request and reply by the partner's address, masked; no name, no whole number."""
    bank = start(approve)
    config = fresh_site.directory / "fep.toml"
    with watching(config, "--bank", CODE, "--json") as tail:
        account = fresh_site.take("empty")
        give_mandate(fresh_site, account, CODE)
        load_bill(fresh_site, account)
        asked, answered = frames(printed := tail.end(2))
    assert {each["partner"] for each in (asked, answered)} == {f"127.0.0.1:{bank.port}"}
    ways = [(each["direction"], each["transaction"]) for each in (asked, answered)]
    assert ways == [("out", "bill_push"), ("in", "bill_push")]
    assert (asked["body"]["principal_fen"], asked["body"]["late_fee_fen"]) == (PRINCIPAL_FEN, FEE_FEN)
    assert asked["body"]["account_no"] == "*" * (len(account.account_no) - 4) + account.account_no[-4:]
    assert [word for word in (account.account_no, PASSBOOK, "代扣户") if word in printed] == []


def test_a_bill_is_debited(fresh_site: Site, start: StartBank) -> None:
    """Code 00: the amount that was asked for is posted under the bank's date and serial of 16 characters."""
    bank = start(approve)
    bill_no = new_bill(fresh_site)
    push = wait_for(fresh_site, bill_no, state="debited", is_reported=0, debit_serial=BANK_SERIAL)
    (asked,) = pushes_of(bank)
    number = f"{push['fep_serial']:012d}"
    assert asked.message_id.lstrip("0") == number.lstrip("0")
    assert (asked.body[2], asked.body[7], asked.body[10]) == (number, PASSBOOK, str(DUE_FEN))
    assert asked.body[14:16] == [str(FEE_FEN), str(PRINCIPAL_FEN)]
    assert payments_under(fresh_site, BANK_SERIAL) == [(DUE_FEN, PRINCIPAL_FEN, FEE_FEN, 0, 2)]
    assert bill_state(fresh_site, bill_no) == "settled"


@pytest.mark.parametrize("code", ["62", "63", "73", "78"])
def test_a_code_that_says_that_nothing_was_debited(fresh_site: Site, start: StartBank, code: str) -> None:
    """The push is refused with the bank's code, and not sent again."""
    bank = start(refuse(code))
    bill_no = new_bill(fresh_site)
    assert wait_for(fresh_site, bill_no, state="refused")["refusal"] == code
    assert len(pushes_of(bank)) == 1


def test_any_other_code_and_no_answer_leave_it_open(fresh_site: Site, start: StartBank) -> None:
    """The bill is asked for again under the same number, until the bank says what it has done."""
    answers: list[Manner] = [refuse("91"), cut_off, approve]

    def in_turn(bank: PartnerBank, line: socket.socket, asked: Asked) -> None:
        answers.pop(0)(bank, line, asked)

    bank = start(in_turn)
    bill_no = new_bill(fresh_site)
    for tries in (1, 2):
        event = fresh_site.daemon.wait_for_event(
            lambda event, tries=tries: event.get("event") == "push_unanswered" and event["tries"] == tries,
            timeout_s=15.0,
        )
        assert (event["reason"], event.get("code")) in {("code", "91"), ("cut_off", None)}
        make_due(fresh_site, bill_no)
    wait_for(fresh_site, bill_no, state="debited", tries=3)
    assert len({(asked.message_id, asked.body[2], asked.body[10]) for asked in pushes_of(bank)}) == 1
    assert len(payments_under(fresh_site, BANK_SERIAL)) == 1


def test_another_bank_account_was_debited(fresh_site: Site, start: StartBank) -> None:
    """A reply that names another account than was asked for is a dead letter; nothing is posted."""
    other = PASSBOOK[:-1] + "2"

    def of_another(_bank: PartnerBank, line: socket.socket, asked: Asked) -> None:
        changed = Asked(asked.head, [*asked.body[:7], other, *asked.body[8:]])
        line.sendall(reply(changed))

    start(of_another)
    bill_no = new_bill(fresh_site)
    assert wait_for(fresh_site, bill_no, state="dead")["reason"] == "other_account"
    assert payments_under(fresh_site, BANK_SERIAL) == []
    assert fresh_site.daemon.leaks([other, PASSBOOK]) == []


def test_one_serial_for_two_bills_of_one_account(fresh_site: Site, start: StartBank) -> None:
    """Two equal bills answered under one serial: the second one is a dead letter, for one debit pays one bill."""
    start(approve)
    account = fresh_site.take("empty")
    give_mandate(fresh_site, account, CODE)
    first = load_bill(fresh_site, account)
    wait_for(fresh_site, first, state="debited")
    second = load_bill(fresh_site, account)
    assert wait_for(fresh_site, second, state="dead")["reason"] == "identity_taken"
    assert len(payments_under(fresh_site, BANK_SERIAL)) == 1
