"""A utility of three branches, each with a database of its own, behind one daemon. 多个供电分公司"""

import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from tests.support.daemon import ROOT, copy_directory, done, fep
from tests.support.raw_bank import RawBank, new_serial, today
from tests.system import messages
from tests.system.branch_site import FILES, OWED, SHARED_PASSBOOK, BranchSite, make_template
from tests.system.checks import ask, check_reply, clearing_date, pay_fields, query_fields
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
    payments_reply,
    query,
    query_reply,
    records,
    status,
    undo,
)

DOCUMENT = ROOT / "docs" / "branches.md"
MakeSite = Callable[[], BranchSite]


@pytest.fixture(scope="module")
def make_branches(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeSite]:
    """A way to get sites of the module's own, not started yet."""
    template, accounts = make_template(tmp_path_factory.mktemp("branches") / "site")
    sites: list[BranchSite] = []

    def make() -> BranchSite:
        sites.append(BranchSite(copy_directory(template, tmp_path_factory.mktemp("branches") / "site"), accounts))
        return sites[-1]

    yield make
    for site in sites:
        site.daemon.kill()


@pytest.fixture(scope="module")
def running(make_branches: MakeSite) -> Iterator[BranchSite]:
    """A running site that the tests of this module share; all its databases are there."""
    site = make_branches()
    site.daemon.start()
    yield site
    site.close()


@pytest.fixture
def utility(running: BranchSite) -> Iterator[BranchSite]:
    """The shared site; its banks hang up after each test."""
    yield running
    running.hang_up()


@pytest.fixture
def fresh(make_branches: MakeSite) -> Iterator[BranchSite]:
    """A site of the test's own, not started."""
    site = make_branches()
    yield site
    site.close()


def totals(bank: RawBank, code: str = "0000") -> dict[str, int]:
    """Ask for the totals of the open day; counts and amounts by name."""
    body = messages.TOTALS_REQUEST.pack(clearing_date=clearing_date().encode())
    reply = ask(bank, RECON_TOTALS, body, code)
    if code != "0000":
        return {}
    fields = messages.TOTALS_REPLY.unpack(reply.body)
    return {name: fields[name] for name in fields if name.endswith(("_count", "_amount"))}


def details(bank: RawBank, code: str) -> None:
    """Ask for the details of the open day."""
    ask(bank, RECON_DETAIL, messages.DETAIL_REQUEST.pack(clearing_date=clearing_date().encode(), page=1), code)


# --- all databases are there


@pytest.mark.parametrize("branch", [1, 2, 3])
def test_an_account_is_queried_and_paid_where_it_stands(utility: BranchSite, branch: int) -> None:
    """The bank sees one utility; the payment stands in one database, and its number begins with that database's."""
    bank, account = utility.bank(), utility.take(branch)
    assert query_fields(bank, account.account_no)["payable"] == OWED

    paid = ask(bank, PAY, pay(account.account_no, OWED, print_invoice=1))

    assert utility.where(paid.serial) == {branch: ["pay"]}
    assert paid.fep_serial[:2] == pay_fields(paid)["invoice_no"][:2] == f"{branch:02d}"
    assert query_fields(bank, account.account_no)["payable"] == 0
    assert payments_reply(ask(bank, PAYMENTS, records(account.account_no)).body)[0]["row_count"] == 1
    rows = messages.consumption_reply(ask(bank, CONSUMPTION, records(account.account_no)).body)[1]
    assert [row["state"] for row in rows] == [3]
    assert (
        messages.INVOICE_HEAD.unpack(
            ask(bank, INVOICE, invoice(account.account_no, paid.serial, 2)).body[: messages.INVOICE_HEAD.size]
        )["print_count"]
        == 2
    )


def test_an_account_that_fits_no_branch(utility: BranchSite) -> None:
    """It does not exist, as far as a bank can see."""
    bank = utility.bank()
    ask(bank, QUERY, query("0997000001"), "2001")
    ask(bank, PAY, pay("0997000001", 100, DEPOSIT), "2001")
    ask(bank, PAYMENTS, records("0997000001"), "2001")


@pytest.mark.parametrize("branch", [1, 2, 3])
def test_meter_and_passbook_are_found_in_any_branch(utility: BranchSite, branch: int) -> None:
    """With the bills of the account."""
    bank, account = utility.bank(), utility.take(branch)
    for key, kind in ((account.meter_no, 2), (account.passbook, 3)):
        head, rows = query_reply(ask(bank, QUERY, query(key, kind)).body)
        assert (head["account_no"], head["name"]) == (account.account_no, account.name)
        assert [row["principal"] for row in rows] == [OWED]
    ask(bank, QUERY, query("SM900001", 2), "2001")


def test_a_passbook_that_pays_for_accounts_of_two_branches(utility: BranchSite) -> None:
    """It fits several accounts, wherever they stand."""
    assert utility.last(1).passbook == utility.last(2).passbook == SHARED_PASSBOOK
    ask(utility.bank(), QUERY, query(SHARED_PASSBOOK, 3), "2018")


def test_a_repeat_is_known_in_every_branch(utility: BranchSite) -> None:
    """The first reply again; the same serial with other content for an account of that branch is refused."""
    bank = utility.bank()
    for branch in FILES:
        account, other = utility.take(branch), utility.take(branch)
        request = bank.build(PAY, pay(account.account_no, OWED))
        first = check_reply(request, bank.exchange(request))
        again = check_reply(request, bank.exchange(request), repeat=True)
        assert (again.body, again.fep_serial) == (first.body, first.fep_serial)
        ask(bank, PAY, pay(other.account_no, OWED), "2006", serial=first.serial)


def test_an_identity_used_in_two_databases_is_found_by_the_nightly_query(utility: BranchSite) -> None:
    """It is not refused, as the document says; the query in the document lists it, and nothing else."""
    bank, serial = utility.bank(), new_serial()
    first, second = utility.take(1), utility.take(2)
    ask(bank, PAY, pay(first.account_no, OWED), serial=serial)
    ask(bank, PAY, pay(second.account_no, OWED), serial=serial)
    assert utility.where(serial) == {1: ["pay"], 2: ["pay"]}

    statement = re.search(
        r"SELECT bank_code, bank_date, bank_serial FROM payments\n.*?(?=\")", DOCUMENT.read_text(), re.DOTALL
    )
    assert statement is not None
    since = f"{today() - timedelta(7):%Y%m%d}"
    found = [row for branch in FILES for row in utility.rows(branch, statement[0].replace("$since", since))]
    twice = {row for row in found if found.count(row) > 1}

    assert twice == {("0102", int(f"{today():%Y%m%d}"), f"{serial:012d}")}
    ask(bank, REVERSE, undo(second.account_no, OWED, serial))


@pytest.mark.parametrize(("named", "original"), [(1, 2), (3, 1), (2, 3)])
def test_an_original_of_another_branch(utility: BranchSite, named: int, original: int) -> None:
    """Whoever names an account of one branch and a payment of another is told that they differ; nothing changes."""
    bank = utility.bank()
    paid = ask(bank, PAY, pay(utility.take(original).account_no, OWED, print_invoice=1))
    wrong = utility.take(named).account_no
    ask(bank, STATUS, status(wrong, paid.serial), "2013")
    ask(bank, CANCEL, undo(wrong, OWED, paid.serial), "2013")
    ask(bank, INVOICE, invoice(wrong, paid.serial), "2013")
    ask(bank, REVERSE, undo(wrong, OWED, paid.serial), "2013")
    assert utility.where(paid.serial) == {original: ["pay"]}


@pytest.mark.parametrize("branch", [1, 2, 3])
def test_an_original_is_undone_in_its_branch(utility: BranchSite, branch: int) -> None:
    """Cancelled or reversed; the bill is open again and the state is told."""
    bank, account = utility.bank(), utility.take(branch)
    for code, state in ((CANCEL, 2), (REVERSE, 3)):
        paid = ask(bank, PAY, pay(account.account_no, OWED))
        undone = ask(bank, code, undo(account.account_no, OWED, paid.serial))
        assert messages.UNDO_REPLY.unpack(undone.body)["outcome"] == 1
        assert undone.fep_serial[:2] == f"{branch:02d}"
        reply = messages.STATUS_REPLY.unpack(ask(bank, STATUS, status(account.account_no, paid.serial)).body)
        assert (reply["state"], reply["amount"], reply["original_fep_serial"]) == (state, OWED, paid.fep_serial)
    assert query_fields(bank, account.account_no)["payable"] == OWED


@pytest.mark.parametrize("branch", [1, 3])
def test_an_original_that_never_arrived(utility: BranchSite, branch: int) -> None:
    """All databases are asked; the tombstone stands in the one of the account, and keeps the PAY out."""
    bank, account, serial = utility.bank(), utility.take(branch), new_serial()
    reply = messages.STATUS_REPLY.unpack(ask(bank, STATUS, status(account.account_no, serial)).body)
    assert (reply["state"], reply["account_no"]) == (0, account.account_no)
    ask(bank, CANCEL, undo(account.account_no, OWED, serial), "2007")
    ask(bank, INVOICE, invoice(account.account_no, serial), "2007")

    request = bank.build(REVERSE, undo(account.account_no, OWED, serial))
    reversed_ = check_reply(request, bank.exchange(request))

    assert messages.UNDO_REPLY.unpack(reversed_.body)["outcome"] == 2
    assert utility.where(serial) == {branch: ["tombstone"]}
    ask(bank, PAY, pay(account.account_no, OWED), "2010", serial=serial)
    assert check_reply(request, bank.exchange(request), repeat=True).body == reversed_.body


def test_a_reverse_without_an_account(utility: BranchSite) -> None:
    """Its tombstone stands in the first database."""
    serial = new_serial()
    ask(utility.bank(), REVERSE, undo("", 100, serial))
    assert utility.where(serial) == {1: ["tombstone"]}


def test_totals_are_those_of_the_whole_utility(utility: BranchSite) -> None:
    """The bank reconciles with the utility, not with its branches."""
    bank = utility.bank("0104")
    before = totals(bank)
    for branch in FILES:
        account = utility.take(branch)
        ask(bank, PAY, pay(account.account_no, OWED))
        paid = ask(bank, PAY, pay(account.account_no, 10**branch, DEPOSIT))
        ask(bank, CANCEL, undo(account.account_no, 10**branch, paid.serial))
    after = totals(bank)
    details(bank, "3002")
    assert {name: after[name] - before[name] for name in after} == {
        "pay_count": 6,
        "pay_amount": 3 * OWED + 1_110,
        "cancel_count": 3,
        "cancel_amount": 1_110,
        "reverse_count": 0,
        "reverse_amount": 0,
    }


def test_the_status_command_lists_the_databases(utility: BranchSite) -> None:
    """Each with its name and number, that it is served, its dates and its schema."""
    lines = done(fep("status", "--config", utility.config)).stdout.splitlines()
    day = f"{clearing_date()[:4]}-{clearing_date()[4:6]}-{clearing_date()[6:]}"
    for name, number in (("billing", 1), ("yangcheng", 2), ("gaoping", 3)):
        assert f"{name}\t{number}\tyes\t{day}\tschema current" in lines


# --- one database is down


def test_a_database_that_goes_down_and_comes_back(fresh: BranchSite) -> None:
    """Its accounts alone are not served; nothing is guessed about what may stand there; it heals by itself."""
    fresh.daemon.start()
    bank = fresh.bank()
    here, there, unpaid = fresh.take(1), fresh.take(2), fresh.take(2)
    paid_here = ask(bank, PAY, pay(here.account_no, OWED))
    paid_there = ask(bank, PAY, pay(there.account_no, OWED))
    fresh.take_away(2)

    for code, body in (
        (QUERY, query(unpaid.account_no)),
        (PAY, pay(unpaid.account_no, OWED)),
        (PAYMENTS, records(unpaid.account_no)),
        (STATUS, status(there.account_no, paid_there.serial)),
        (CANCEL, undo(there.account_no, OWED, paid_there.serial)),
        (QUERY, query(here.meter_no, 2)),
    ):
        ask(bank, code, body, "9001")
    totals(bank, "9001")
    details(bank, "9001")
    assert "yangcheng\t2\tno\t" in fep("status", "--config", fresh.config).stdout

    # The other branches: everything, as long as nobody asks for what might stand in the database that is down.
    ask(bank, PAY, pay(fresh.take(3).account_no, OWED))
    assert query_fields(bank, here.account_no)["payable"] == 0
    ask(bank, STATUS, status(here.account_no, paid_here.serial))
    ask(bank, REVERSE, undo(here.account_no, OWED, paid_here.serial))
    unknown = new_serial()
    ask(bank, STATUS, status(here.account_no, unknown), "9001")
    ask(bank, REVERSE, undo(here.account_no, OWED, unknown), "9001")
    assert {
        branch
        for branch in (1, 3)
        if fresh.rows(branch, "SELECT 1 FROM payments WHERE bank_serial = ?", f"{unknown:012d}")
    } == set()

    fresh.bring_back(2)
    request = bank.build(PAY, pay(unpaid.account_no, OWED))
    _wait_until(lambda: bank.exchange(request).code == "0000")
    _wait_until(lambda: bank.request(STATUS, status(there.account_no, paid_there.serial)).code == "0000")
    ask(bank, QUERY, query(here.meter_no, 2))
    ask(bank, REVERSE, undo(here.account_no, OWED, unknown))
    assert fresh.where(unknown) == {1: ["tombstone"]}


def test_a_database_that_is_away_at_the_start(fresh: BranchSite) -> None:
    """The daemon serves the other branches, says which one is away, and serves it as soon as it is back."""
    fresh.take_away(3)
    fresh.daemon.start()
    bank, account = fresh.bank(), fresh.take(3)
    closed = fresh.daemon.wait_for_event(lambda event: event.get("event") == "database_closed")
    assert (closed["database"], closed["database_no"]) == ("gaoping", 3)
    ask(bank, PAY, pay(account.account_no, OWED), "9001")
    ask(bank, PAY, pay(fresh.take(1).account_no, OWED))
    shown = fep("status", "--config", fresh.config).stdout
    assert "gaoping\t3\tno\t-\t" in shown
    assert "gaoping.db does not exist" in shown
    served = json.loads(fep("status", "--json", "--config", fresh.config).stdout)["daemon"]["databases"]
    assert [database["is_up"] for database in served] == [True, True, False]

    fresh.bring_back(3)
    fresh.daemon.wait_for_event(lambda event: event.get("event") == "database_opened", timeout_s=15)
    ask(bank, PAY, pay(account.account_no, OWED))
    assert "gaoping\t3\tyes\t" in fep("status", "--config", fresh.config).stdout


def test_no_database_at_the_start(fresh: BranchSite) -> None:
    """There is nothing to serve: exit code 3."""
    for branch in FILES:
        fresh.take_away(branch)
    fresh.daemon.start(wait=False)
    assert fresh.daemon.wait() == 3
    for branch in FILES:
        fresh.bring_back(branch)


def test_one_schema_that_is_not_the_programs(fresh: BranchSite) -> None:
    """It is no accident that passes: the daemon does not start, names the database and the remedy."""
    fresh.rows(2, "DELETE FROM alembic_version")
    fresh.daemon.start(wait=False)
    assert fresh.daemon.wait() == 3
    reason = fresh.daemon.events()[-1]["reason"]
    assert reason.startswith("database yangcheng: ")
    assert "run fep db upgrade" in reason.splitlines()


def test_a_database_that_hangs(fresh: BranchSite) -> None:
    """Its requests wait for db_timeout, half a link's worth of them; the link goes on for the other branches."""
    fresh.daemon.configure("billing", db_timeout=4.0).configure("link", in_flight_max=8).start()
    bank = fresh.bank()
    with closing(sqlite3.connect(fresh.path(2), isolation_level=None)) as blocker:
        blocker.execute("BEGIN IMMEDIATE")
        waiting = [bank.build(PAY, pay(fresh.take(2).account_no, OWED)) for _ in range(6)]
        began = time.monotonic()
        bank.send(*waiting)
        for request in waiting[4:]:
            check_reply(request, bank.reply(request), "1011")
        ask(bank, PAY, pay(fresh.take(1).account_no, OWED))
        ask(bank, PAY, pay(fresh.take(3).account_no, OWED))
        assert time.monotonic() - began < 4.0
        for request in waiting[:4]:
            check_reply(request, bank.reply(request), "9001")
        blocker.execute("ROLLBACK")
    for request in waiting[:4]:
        check_reply(request, bank.exchange(request))


# --- accounts move


def test_accounts_move_to_another_database_as_documented(fresh: BranchSite) -> None:
    """With all that belongs to them: a bank asks, undoes, prints and reconciles as before."""
    fresh.daemon.start()
    bank, account = fresh.bank(), fresh.take(1)
    paid = ask(bank, PAY, pay(account.account_no, OWED, print_invoice=1))
    kept = ask(bank, PAY, pay(account.account_no, 5_00, DEPOSIT))
    before = totals(bank)
    fresh.hang_up()
    assert fresh.daemon.stop() == 0

    _move(fresh, 1, 2, "0197%")
    text = fresh.config.read_text(encoding="utf-8")
    fresh.config.write_text(text.replace('prefixes = ["02"]', 'prefixes = ["02", "0197"]'), encoding="utf-8")
    fresh.daemon.start()
    bank = fresh.bank()

    assert totals(bank) == before
    assert query_fields(bank, account.account_no)["balance"] == 5_00
    assert query_reply(ask(bank, QUERY, query(account.meter_no, 2)).body)[0]["account_no"] == account.account_no
    assert payments_reply(ask(bank, PAYMENTS, records(account.account_no)).body)[0]["row_count"] == 2
    ask(bank, STATUS, status(account.account_no, kept.serial))
    head = ask(bank, INVOICE, invoice(account.account_no, paid.serial, 2)).body[: messages.INVOICE_HEAD.size]
    assert messages.INVOICE_HEAD.unpack(head)["print_count"] == 2
    ask(bank, CANCEL, undo(account.account_no, OWED, paid.serial))
    assert query_fields(bank, account.account_no)["total_due"] == OWED
    assert fresh.where(paid.serial) == {2: ["pay"]}


def _move(site: BranchSite, old: int, new: int, prefix: str) -> None:
    """Move accounts by the table of the document."""
    table = re.findall(r"^\| `(\w+)` \| `(.*0105%.*)` \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name, _ in table] == ["accounts", "bills", "payments", "allocations", "invoices", "invoice_prints"]
    with closing(sqlite3.connect(site.path(new))) as connection:
        connection.execute("ATTACH ? AS old", (str(site.path(old)),))
        with connection:
            for name, condition in table:
                own = condition.replace("0105%", prefix).replace("FROM payments", "FROM old.payments")
                connection.execute(f"INSERT INTO {name} SELECT * FROM old.{name} WHERE {own}")
            for name, condition in reversed(table):
                own = condition.replace("0105%", prefix).replace("FROM payments", "FROM old.payments")
                connection.execute(f"DELETE FROM old.{name} WHERE {own}")


def _wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
