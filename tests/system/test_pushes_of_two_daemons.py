"""Two daemons push the bills of one database: a bill belongs to one of them at a time, and a killed one's go over."""

import shutil
import time

import pytest

from tests.support.daemon import Daemon, done, fep
from tests.support.raw_bank import RawBank, today
from tests.system.conftest import Site
from tests.system.database import execute
from tests.system.messages import BILL_PUSH, DEBITED, PUSH_REPLY, PUSH_REQUEST
from tests.system.pushing import (
    BANK,
    DUE,
    DUE_FEN,
    PRINCIPAL_FEN,
    answer,
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

MANY = 60


@pytest.fixture
def pair(fresh_site: Site) -> Site:
    """A site with two daemons that push, each with a directory of its own; they share the database alone."""
    fresh_site.daemon.configure_bank(BANK, push=True, push_rate_max=10)
    second = fresh_site.directory.parent / "second"
    shutil.copytree(fresh_site.directory, second, ignore=shutil.ignore_patterns("fep.sock*"))
    fresh_site.daemons.append(Daemon(second))
    for daemon in fresh_site.daemons:
        daemon.start()
    return fresh_site


def debit_all(banks: list[RawBank], wanted: set[str]) -> dict[str, list[tuple[int, str]]]:
    """Answer every push of two links until all bills were asked for; return who was asked, under which number."""
    asked: dict[str, list[tuple[int, str]]] = {}
    deadline = time.monotonic() + 60
    while asked.keys() != wanted:
        assert time.monotonic() < deadline, wanted - asked.keys()
        for number, bank in enumerate(banks):
            try:
                frame = bank.next_fep_request(0.05)
            except TimeoutError:
                continue
            assert frame.txn_code == BILL_PUSH
            bill_no = PUSH_REQUEST.unpack(frame.body)["bill_no"]
            asked.setdefault(bill_no, []).append((number, frame.fep_serial))
            reply = {"debit_date": today(), "debit_serial": new_debit_serial(), "amount": DUE_FEN}
            bank.send(bank.answer(frame, PUSH_REPLY.pack(outcome=DEBITED, **reply)))
    return asked


def test_each_bill_is_pushed_by_one_of_them(pair: Site) -> None:
    """Both push at the same time; no bill goes out twice, and each debit is posted once."""
    banks = [pair.bank(BANK, daemon=number) for number in (0, 1)]
    accounts = [pair.take("empty") for _ in range(MANY)]
    for account in accounts:
        give_mandate(pair, account)
    bills = [(f"TBBOTH{number:04d}", account.account_no) for number, account in enumerate(accounts)]
    path = bills_file(pair.directory, *((bill_no, account_no, PRINCIPAL_FEN, DUE) for bill_no, account_no in bills))
    done(fep("load", path, "--config", pair.directory / "fep.toml"))

    asked = debit_all(banks, {bill_no for bill_no, _ in bills})
    assert [who for who in asked.values() if len(who) > 1] == []
    assert len({serial for [(_, serial)] in asked.values()}) == MANY
    assert {number for [(number, _)] in asked.values()} == {0, 1}
    for bill_no, _ in bills:
        wait_for(pair, bill_no, state="debited", tries=1, is_reported=0)
    assert execute(pair.directory, "SELECT count(*) FROM payments WHERE channel = 2") == [(MANY,)]


def test_the_other_daemon_takes_over_from_a_killed_one(pair: Site) -> None:
    """What it had pushed goes out again under the same number once its time is over, and is posted once."""
    first = pair.bank(BANK, daemon=0)
    account = pair.take("empty")
    give_mandate(pair, account)
    bill_no = load_bill(pair, account)
    frame, fields = pushed(first, bill_no)
    pair.daemons[0].kill()

    second = pair.bank(BANK, daemon=1)
    second.check_alive()
    time.sleep(2.5)  # two looks of the other daemon: what is claimed is nobody else's
    assert second.fep_requests == []
    assert stored(pair, bill_no)["tries"] == 1
    make_due(pair, bill_no)
    again, same = pushed(second, bill_no)
    assert (again.fep_serial, same) == (frame.fep_serial, fields)
    serial = new_debit_serial()
    answer(second, again, DEBITED, debit_date=today(), debit_serial=serial, amount=DUE_FEN)
    wait_for(pair, bill_no, state="debited", tries=2)
    assert len(payments_under(pair, serial)) == 1


def test_a_daemon_that_drains_awaits_the_answer(pair: Site) -> None:
    """No new push begins, and the answer to one that is out is still posted."""
    pair.daemons[1].stop()
    bank = pair.bank(BANK, daemon=0)
    accounts = [pair.take("empty"), pair.take("empty")]
    for account in accounts:
        give_mandate(pair, account)
    bill_no = load_bill(pair, accounts[0])
    frame, _ = pushed(bank, bill_no)
    mark = pair.daemon.mark()
    pair.daemon.signal(15)  # type: ignore[arg-type]
    pair.daemon.wait_for_event(lambda event: event.get("event") == "draining", mark)
    other = load_bill(pair, accounts[1])
    serial = new_debit_serial()
    answer(bank, frame, DEBITED, debit_date=today(), debit_serial=serial, amount=DUE_FEN)
    assert pair.daemon.wait() == 0
    assert stored(pair, bill_no)["state"] == "debited"
    assert len(payments_under(pair, serial)) == 1
    assert stored(pair, other)["tries"] == 0
