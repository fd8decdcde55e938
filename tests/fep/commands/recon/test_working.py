"""Working differences 差异处理: two operators, two databases, and processes that die on the way."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from dbgate.books.states import DifferenceAct, DifferenceState
from dbgate.books.tables import differences, operator_acts
from dbgate.database import Database
from dbgate.job import job
from dbgate.records import AccountState
from dbgate.tables import accounts, bills, clearing_dates, payments
from fep.clock import shanghai_now
from fep.commands.recon import approving
from fep.config.configuration import load
from fep.databases import open_databases
from handlers.catalogue import HANDLERS
from handlers.terms import Context, Rules
from protocol.transactions import Transaction
from tests.conftest import NewDatabase
from tests.fep.commands.conftest import Outcome, Run
from tests.support.branch_tables import add_branches
from tests.support.operators import fep_as, killed_as, name_of, share, shared_directory
from tests.support.records import deposit_request, serial_no, terms

CITY, COUNTY = "0100900001", "0200900001"
NUMBER = 10_000_000_007
ACCOUNTS = "account_no,name,address,meter_no,passbook,supply_branch,user_class,collect_mode,state,balance"
BILLS = "bill_no,account_no,month,seq,energy,previous_reading,this_reading,principal,due_date"


@dataclass(frozen=True)
class Utility:
    """A utility of two databases: differences stand in the first one, the county's accounts in the second."""

    config: Path
    run: Run
    databases: list[Database]
    monkeypatch: pytest.MonkeyPatch

    @property
    def today(self) -> date:
        return self.value(clearing_dates, "clearing_date", place=0, bank_code="0102")

    @property
    def yesterday(self) -> date:
        return self.today - timedelta(days=1)

    def recon(self, who: str, *words: object) -> Outcome:
        """Run ``fep recon`` as an operator of this name, in this process."""
        self.monkeypatch.setattr("fep.commands.recon.desk.present_operator", lambda: who)
        return self.run("recon", *words, "--config", self.config)

    def words(self, *words: object) -> list[str]:
        return ["recon", *map(str, words), "--config", str(self.config)]

    def differ(self, matching: int, account_no: str = COUNTY, **changed: Any) -> None:
        """Put a difference of 300.00 yuan of serial 1 of yesterday: both sides, unless one is taken away."""
        bank = {"bank_account_no": account_no, "bank_txn": 2002, "bank_amount_fen": 30_000, "bank_state": 1}
        fep = {"fep_account_no": account_no, "fep_txn": 2002, "fep_amount_fen": 30_000, "fep_state": 1}
        row = {
            "difference_no": NUMBER,
            "bank_code": "0102",
            "clearing_date": self.yesterday,
            "bank_date": self.yesterday,
            "bank_serial": serial_no(1),
            "matching": matching,
            "state": DifferenceState.OPEN,
            **({} if matching == 5 else bank),
            **({} if matching == 4 else fep),
        }
        with self.databases[0].money_engine.begin() as connection:
            connection.execute(differences.insert(), row | changed)

    def paid(self, account_no: str = COUNTY, amount_fen: int = 30_000) -> None:
        """Let the bank have paid yesterday, under serial 1."""
        place = [CITY, COUNTY].index(account_no)
        request = deposit_request(amount_fen, account_no=account_no, serial=1, bank_date=shanghai_now().date())
        handler = HANDLERS[Transaction.PAY]
        needs = handler.needs(request, terms(), self.today)
        with job(self.databases[place], {}) as each:
            each.run([(needs, lambda ws, moment: handler.decide(request, ws, Context(terms(), Rules(), moment)))])
        with self.databases[place].money_engine.begin() as connection:
            past = {"clearing_date": self.yesterday, "bank_date": self.yesterday}
            moved = connection.execute(payments.update().values(**past).where(payments.c.amount_fen == amount_fen))
        assert moved.rowcount == 1

    def rows(self, table: Any, place: int = 1, **where: Any) -> list[Any]:
        with self.databases[place].read_engine.connect() as connection:
            conditions = [table.c[name] == value for name, value in where.items()]
            return list(connection.execute(table.select().where(*conditions)))

    def value(self, table: Any, column: str, place: int = 1, **where: Any) -> Any:
        [row] = self.rows(table, place, **where)
        return getattr(row, column)

    def difference(self) -> Any:
        [row] = self.rows(differences, 0)
        return row

    def adjustments(self) -> list[Any]:
        return [row for place in (0, 1) for row in self.rows(payments, place) if row.mends_date is not None]

    def acts(self) -> list[tuple[str, str, str, str]]:
        rows = sorted(self.rows(operator_acts, 0), key=lambda row: row.id)
        return [(row.operator, row.act, row.subject, row.reason) for row in rows]


@pytest.fixture
def utility(
    run: Run, new_database_url: NewDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Utility]:
    """Two databases; an account in each that owes 120.00 yuan, and a bank whose day will not roll in between."""
    with new_database_url() as city, new_database_url() as county, shared_directory() as directory:
        site = directory / "site"
        assert run("init", site, "--demo", "--accounts", 2, "--database", city).exit_code == 0
        config = add_branches(site, ["01"], {"county": (2, county, ["02"])})
        files = (_write(tmp_path / "a.csv", ACCOUNTS, map(_account, (CITY, COUNTY))),)
        files += (_write(tmp_path / "b.csv", BILLS, map(_bill, (CITY, COUNTY))),)
        assert run("load", *files, "--config", config).exit_code == 0
        share(config)
        databases = open_databases(load(config))
        far = {"bank_code": "0102", "clearing_date": date(2098, 5, 5), "first_date": date(2026, 1, 1)}
        for database in databases:
            with database.money_engine.begin() as connection:
                connection.execute(clearing_dates.delete())
                connection.execute(clearing_dates.insert(), far)
        yield Utility(config, run, databases, monkeypatch)
        for database in databases:
            database.dispose()


def _write(path: Path, header: str, lines: Any) -> Path:
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    return path


def _account(account_no: str) -> str:
    return f"{account_no},测试户,测试路1号,TM{account_no},,JC0101,residential,counter,active,0"


def _bill(account_no: str) -> str:
    return f"TB{account_no},{account_no},202609,1,21818,0,21818,12000,20991231"


def test_four_eyes_post_a_payment(utility: Utility) -> None:
    """One proposes, another approves: the account's own database has the payment, the first one says who did it."""
    utility.differ(4)
    reason = "客户有回单"
    proposed = fep_as("clerk", *utility.words("post", NUMBER, "--reason", reason))
    assert proposed.returncode == 0, proposed.stderr
    assert proposed.stdout == (
        f"difference {NUMBER}: post of 300.00 yuan is proposed by {name_of('clerk')}; "
        f"another operator approves it: fep recon approve {NUMBER}\n"
    )
    assert utility.adjustments() == []
    row = utility.difference()
    assert (row.state, row.act, row.amount_fen) == (DifferenceState.PROPOSED, DifferenceAct.POST, 30_000)

    alone = fep_as("clerk", *utility.words("approve", NUMBER))
    assert (alone.returncode, alone.stdout) == (2, "")
    assert f"{name_of('clerk')} has proposed it; another operator must approve it" in alone.stderr
    assert utility.adjustments() == []

    approved = fep_as("chief", *utility.words("approve", NUMBER))
    assert approved.returncode == 0, approved.stderr
    [paid] = utility.adjustments()
    serial = f"{paid.fep_serial:012d}"
    assert approved.stdout == (
        f"difference {NUMBER}: post of 300.00 yuan is done as FEP serial {serial}, approved by {name_of('chief')}\n"
    )
    assert serial.startswith("02"), "it is numbered by the database of the account"
    assert (paid.bank_serial, paid.bank_date, paid.mends_date) == (serial_no(1), utility.yesterday, utility.yesterday)
    assert paid.clearing_date == utility.today
    assert utility.value(accounts, "balance_fen", account_no=COUNTY) == 18_000
    assert utility.value(bills, "settled_by", account_no=COUNTY) == paid.fep_serial
    sound = utility.run("audit", "sums", "--config", utility.config)
    assert sound.exit_code == 0, sound
    row = utility.difference()
    assert (row.state, row.adjustment_serial) == (DifferenceState.DONE, paid.fep_serial)
    assert (row.proposed_by, row.approved_by) == (name_of("clerk"), name_of("chief"))
    assert utility.acts() == [
        (name_of("clerk"), "difference_propose", f"{NUMBER} post", reason),
        (name_of("chief"), "difference_approve", f"{NUMBER} post", ""),
        (name_of("chief"), "difference_done", f"{NUMBER} post", ""),
    ]


@pytest.mark.parametrize("account_no", [CITY, COUNTY])
def test_an_undo(utility: Utility, account_no: str) -> None:
    """A payment that the bank does not have is taken back: the bill is open, the balance gone."""
    place = [CITY, COUNTY].index(account_no)
    utility.paid(account_no)
    utility.differ(5, account_no)
    assert utility.value(accounts, "balance_fen", place, account_no=account_no) == 18_000
    assert utility.recon("li", "undo", NUMBER, "--reason", "x").exit_code == 0
    done = utility.recon("wang", "approve", NUMBER)
    assert done.exit_code == 0, done.err
    assert utility.value(accounts, "balance_fen", place, account_no=account_no) == 0
    assert utility.value(bills, "settled_by", place, account_no=account_no) is None
    [row] = utility.adjustments()
    assert (row.bank_serial, row.bank_date, row.mends_date) == (f"adjust{NUMBER}", utility.yesterday, utility.yesterday)
    assert row.original_bank_serial == serial_no(1)
    sound = utility.run("audit", "sums", "--config", utility.config)
    assert sound.exit_code == 0, sound
    again = utility.recon("wang", "approve", NUMBER)
    assert (again.exit_code, again.out) == (0, done.out)
    assert len(utility.adjustments()) == 1


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(("act", "matching"), [("refund", 4), ("claim", 5)])
def test_what_the_bank_does_is_recorded(utility: Utility, act: str, matching: int) -> None:
    """Refunds and claims move nothing here."""
    if matching == 5:
        utility.paid()
    utility.differ(matching)
    before = utility.rows(payments), utility.rows(accounts)
    assert utility.recon("li", act, NUMBER, "--reason", "x").exit_code == 0
    done = utility.recon("wang", "approve", NUMBER)
    assert done.out == (f"difference {NUMBER}: {act} of 300.00 yuan is recorded, approved by wang; the bank does it\n")
    assert (utility.rows(payments), utility.rows(accounts)) == before
    row = utility.difference()
    assert (row.state, row.adjustment_serial, row.approved_by) == (DifferenceState.DONE, None, "wang")
    assert utility.recon("li", "approve", NUMBER).exit_code == 2


@pytest.mark.engine("sqlite")
def test_nobody_approves_what_he_has_not_seen(utility: Utility) -> None:
    """On a terminal the proposal is shown; another one that takes its place while he thinks is not done."""
    utility.differ(4)
    assert utility.recon("li", "refund", NUMBER, "--reason", "paid twice").exit_code == 0
    asked: list[str] = []

    def swapped(question: str, **_: object) -> bool:
        asked.append(question)
        assert utility.recon("li", "reject", NUMBER, "--reason", "x").exit_code == 0
        assert utility.recon("li", "post", NUMBER, "--reason", "x").exit_code == 0
        return True

    utility.monkeypatch.setattr(approving, "is_interactive", lambda: True)
    utility.monkeypatch.setattr("click.confirm", swapped)
    refused = utility.recon("wang", "approve", NUMBER)
    assert asked == ['refund of 300.00 yuan, proposed by li: "paid twice". Approve?']
    assert (refused.exit_code, "somebody else has changed it meanwhile" in refused.err) == (2, True)
    assert utility.adjustments() == []
    utility.monkeypatch.setattr("click.confirm", lambda *_, **__: False)
    assert "nothing was done, the proposal stands" in utility.recon("wang", "approve", NUMBER).err
    assert utility.adjustments() == []
    utility.monkeypatch.setattr("click.confirm", lambda *_, **__: True)
    assert utility.recon("wang", "approve", NUMBER).exit_code == 0
    assert len(utility.adjustments()) == 1


@pytest.mark.engine("sqlite")
def test_what_no_act_mends_is_closed(utility: Utility) -> None:
    """A cancel that the bank lacks moves no money by itself: two operators close it, with a reason."""
    utility.differ(5, fep_txn=2003)
    before = utility.rows(payments), utility.rows(accounts)
    refused = utility.recon("li", "claim", NUMBER, "--reason", "x")
    assert (refused.exit_code, "no money differs by it alone" in refused.err) == (2, True)
    assert refused.err.endswith("claim does not mend that, close does\n")
    assert utility.recon("li", "close", NUMBER, "--reason", "the bank has it on paper").exit_code == 0
    assert utility.recon("li", "approve", NUMBER).exit_code == 2
    done = utility.recon("wang", "approve", NUMBER)
    assert (done.exit_code, done.out) == (0, f"difference {NUMBER} is closed, approved by wang\n")
    assert (utility.rows(payments), utility.rows(accounts)) == before
    row = utility.difference()
    assert (row.state, row.amount_fen, row.adjustment_serial) == (DifferenceState.DONE, 0, None)


@pytest.mark.engine("sqlite")
def test_money_is_not_closed_away(utility: Utility) -> None:
    """A payment that one side lacks is posted, refunded, undone or claimed."""
    utility.differ(4)
    refused = utility.recon("li", "close", NUMBER, "--reason", "x")
    assert (refused.exit_code, "close does not mend that, post or refund does" in refused.err) == (2, True)


@pytest.mark.parametrize(
    ("where", "state", "moved"),
    [
        ("dbgate.job.Job.run", DifferenceState.PROPOSED, 0),
        ("dbgate.books.difference_book.DifferenceBook.finish", DifferenceState.PROPOSED, 1),
        ("fep.commands.recon.approving._said", DifferenceState.DONE, 1),
    ],
    ids=["before the money", "after the money", "after all"],
)
@pytest.mark.parametrize("act", ["post", "undo"])
def test_approving_again_after_a_kill(
    utility: Utility, act: str, where: str, state: DifferenceState, moved: int
) -> None:
    """Whenever the process dies, the same command finishes what is left of it, and the money moves once."""
    if act == "undo":
        utility.paid()
    utility.differ(5 if act == "undo" else 4)
    assert utility.recon("li", act, NUMBER, "--reason", "x").exit_code == 0
    killed_as("chief", where, *utility.words("approve", NUMBER))
    assert (utility.difference().state, len(utility.adjustments())) == (state, moved)
    if state is DifferenceState.PROPOSED:
        other = utility.recon("wang", "approve", NUMBER)
        assert (other.exit_code, f"{name_of('chief')} is approving it" in other.err) == (2, True)
        stopped = utility.recon("wang", "reject", NUMBER, "--reason", "x")
        assert (stopped.exit_code, "may be on its way" in stopped.err) == (2, True)
    again = fep_as("chief", *utility.words("approve", NUMBER))
    assert again.returncode == 0, again.stderr
    assert utility.difference().state is DifferenceState.DONE
    [row] = utility.adjustments()
    assert utility.difference().adjustment_serial == row.fep_serial
    assert utility.value(accounts, "balance_fen", account_no=COUNTY) == (18_000 if act == "post" else 0)


def _age(utility: Utility, minutes: int) -> None:
    """Let an approval have been given so many minutes ago."""
    given = utility.difference().approved_at
    with utility.databases[0].money_engine.begin() as connection:
        connection.execute(differences.update().values(approved_at=given - timedelta(minutes=minutes)))


@pytest.mark.engine("sqlite")
def test_another_operator_takes_over(utility: Utility) -> None:
    """After some minutes an approval whose process has died may be finished by somebody else."""
    utility.differ(4)
    utility.recon("li", "post", NUMBER, "--reason", "x")
    killed_as("chief", "dbgate.books.difference_book.DifferenceBook.finish", *utility.words("approve", NUMBER))
    _age(utility, 4)
    assert utility.recon("wang", "approve", NUMBER).exit_code == 0
    assert len(utility.adjustments()) == 1


@pytest.mark.engine("sqlite")
def test_an_approval_that_came_to_nothing_is_rejected(utility: Utility) -> None:
    """Ten minutes later, and only if no money has moved."""
    utility.differ(4)
    utility.recon("li", "post", NUMBER, "--reason", "x")
    killed_as("chief", "dbgate.job.Job.run", *utility.words("approve", NUMBER))
    _age(utility, 11)
    assert utility.recon("wang", "reject", NUMBER, "--reason", "改退款").exit_code == 0
    row = utility.difference()
    assert (row.state, row.act, row.approved_by, row.proposed_by) == (DifferenceState.OPEN, None, "", "")
    assert utility.acts()[-1] == ("wang", "difference_reject", f"{NUMBER} post", "改退款")


@pytest.mark.engine("sqlite")
def test_an_approval_whose_money_has_moved_is_never_rejected(utility: Utility) -> None:
    """It is finished instead."""
    utility.differ(4)
    utility.recon("li", "post", NUMBER, "--reason", "x")
    killed_as("chief", "dbgate.books.difference_book.DifferenceBook.finish", *utility.words("approve", NUMBER))
    _age(utility, 11)
    stopped = utility.recon("wang", "reject", NUMBER, "--reason", "x")
    assert (stopped.exit_code, "its money has moved already" in stopped.err) == (2, True)
    assert utility.difference().state is DifferenceState.PROPOSED


def test_two_approvals_at_once(utility: Utility) -> None:
    """One wins; the money moves once, and the other is told."""
    utility.differ(4)
    utility.recon("li", "post", NUMBER, "--reason", "x")
    found: dict[str, Any] = {}

    def approve(clerk: str) -> None:
        found[clerk] = fep_as(clerk, *utility.words("approve", NUMBER))

    threads = [threading.Thread(target=approve, args=(clerk,)) for clerk in ("clerk", "chief")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done.returncode for done in found.values()) == [0, 2], found
    assert len(utility.adjustments()) == 1
    assert utility.difference().state is DifferenceState.DONE
    [winner] = [clerk for clerk, done in found.items() if done.returncode == 0]
    assert utility.difference().approved_by == name_of(winner)


@pytest.mark.engine("sqlite")
def test_what_cannot_be_done_is_given_back(utility: Utility) -> None:
    """An approval for which no money can move leaves the proposal as it was, to be rejected or approved later."""
    utility.differ(4)
    utility.recon("li", "post", NUMBER, "--reason", "x")
    with utility.databases[1].money_engine.begin() as connection:
        its = accounts.c.account_no == COUNTY
        connection.execute(accounts.update().values(state=AccountState.SUSPENDED).where(its))
    refused = utility.recon("wang", "approve", NUMBER)
    assert (refused.exit_code, "closed or suspended: propose a refund" in refused.err) == (2, True)
    chinese = utility.recon("wang", "approve", NUMBER, "--lang", "zh")
    assert "已销户或暂停: 请提出退款" in chinese.err
    row = utility.difference()
    assert (row.state, row.approved_at, row.approved_by) == (DifferenceState.PROPOSED, None, "")
    assert utility.acts()[-1] == ("wang", "difference_release", f"{NUMBER} post", "account_not_active")
    assert utility.recon("li", "reject", NUMBER, "--reason", "改退款").exit_code == 0
    assert utility.recon("li", "refund", NUMBER, "--reason", "销户").exit_code == 0
    assert utility.recon("wang", "approve", NUMBER).exit_code == 0


@pytest.mark.engine("sqlite")
def test_what_cannot_be_done_is_not_proposed(utility: Utility) -> None:
    """It is seen when it is proposed, as far as it can be seen then."""
    utility.differ(4, "0900900001")
    refused = utility.recon("li", "post", NUMBER, "--reason", "x")
    assert (refused.exit_code, "the account does not exist here" in refused.err) == (2, True)
    assert utility.recon("li", "refund", NUMBER, "--reason", "x").exit_code == 0
    assert utility.recon("wang", "approve", NUMBER).exit_code == 0


@pytest.mark.engine("sqlite")
def test_an_act_that_does_not_fit(utility: Utility) -> None:
    """It is said what does."""
    utility.differ(4)
    refused = utility.recon("li", "undo", NUMBER, "--reason", "x")
    assert (refused.exit_code, refused.err) == (
        2,
        f"difference {NUMBER}: only the bank has the payment; undo does not mend that, post or refund does\n",
    )
    chinese = utility.recon("li", "claim", NUMBER, "--reason", "x", "--lang", "zh")
    assert chinese.err == f"差异 {NUMBER}: 仅银行有此交费 (长款); 不能追款, 可补账或退款\n"


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("changed", "words", "why"),
    [
        ({"state": DifferenceState.CARRIED}, ("post", "--reason", "x"), "it is in flight"),
        ({"state": DifferenceState.MATCHED}, ("post", "--reason", "x"), "it is matched later: there is nothing to do"),
        ({"bank_txn": 2003}, ("post", "--reason", "x"), "no money differs by it alone"),
        ({}, ("approve",), "nothing is proposed"),
        ({}, ("reject", "--reason", "x"), "nothing is proposed"),
        ({"bank_code": "0999"}, ("post", "--reason", "x"), "the configuration has no bank 0999"),
        ({"difference_no": 8}, ("approve",), f"there is no difference {NUMBER}"),
        ({}, ("post",), "--reason"),
        ({}, ("post", "--reason", "  "), "expected 1 to 200 characters, not 0"),
        ({}, ("post", "--reason", "x" * 201), "expected 1 to 200 characters, not 201"),
        ({}, ("post", "--reason", "a\nb"), "line break"),
    ],
)
def test_bad_input(utility: Utility, changed: dict[str, Any], words: tuple[str, ...], why: str) -> None:
    """Exit code 2, with what is wrong, and nothing changes."""
    utility.differ(4, **changed)
    before = utility.difference()
    refused = utility.recon("li", words[0], NUMBER, *words[1:])
    assert (refused.exit_code, why in refused.err) == (2, True), refused
    assert utility.difference() == before
    assert utility.acts() == []


@pytest.mark.engine("sqlite")
def test_a_second_proposal(utility: Utility) -> None:
    """What is proposed is approved or rejected first."""
    utility.differ(4)
    utility.recon("li", "post", NUMBER, "--reason", "x")
    refused = utility.recon("wang", "refund", NUMBER, "--reason", "x")
    assert (refused.exit_code, refused.err) == (
        2,
        f"difference {NUMBER}: post is proposed by li already: approve or reject that\n",
    )


@pytest.mark.engine("sqlite")
def test_a_database_that_is_away(utility: Utility) -> None:
    """Exit code 3, by name; the approval stands and is finished when the database is back."""
    utility.differ(4)
    utility.recon("li", "post", NUMBER, "--reason", "x")
    path = Path(str(utility.databases[1].money_engine.url.database))
    hidden = path.rename(path.with_suffix(".away"))
    away = utility.recon("wang", "approve", NUMBER)
    assert (away.exit_code, away.err.startswith("county: ")) == (3, True), away
    hidden.rename(path)
    assert utility.recon("wang", "approve", NUMBER).exit_code == 0
    assert len(utility.adjustments()) == 1


@pytest.mark.engine("sqlite")
def test_no_customer_in_what_is_said(utility: Utility) -> None:
    """Neither names nor account numbers, whatever goes wrong or right."""
    utility.differ(4)
    said = [utility.recon("li", act, NUMBER, "--reason", "x") for act in ("undo", "post", "refund")]
    said.append(utility.recon("wang", "approve", NUMBER))
    text = "".join(done.out + done.err for done in said)
    assert COUNTY not in text
    assert "测试户" not in text
    assert not any(COUNTY in str(act) for act in utility.acts())


@pytest.mark.engine("sqlite")
def test_what_the_bank_has_taken_is_left_when_ours_is_undone(utility: Utility) -> None:
    """Ours of another amount is undone; the bank's payment is then posted as it is, and no money is lost."""
    utility.paid(amount_fen=20_000)
    utility.differ(2, fep_amount_fen=20_000)
    assert utility.recon("li", "undo", NUMBER, "--reason", "x").exit_code == 0
    assert utility.recon("wang", "approve", NUMBER).exit_code == 0
    [rest] = [row for row in utility.rows(differences, 0) if row.difference_no != NUMBER]
    assert (rest.matching, rest.state, rest.bank_amount_fen, rest.fep_amount_fen) == (
        4,
        DifferenceState.OPEN,
        30_000,
        None,
    )
    assert (rest.bank_serial, rest.clearing_date) == (serial_no(1), utility.yesterday)
    assert utility.recon("wang", "approve", NUMBER).exit_code == 0
    assert utility.recon("li", "post", rest.difference_no, "--reason", "x").exit_code == 0
    assert utility.recon("wang", "approve", rest.difference_no).exit_code == 0
    standing = [
        row.amount_fen for row in utility.rows(payments) if row.movement.value == "pay" and row.state.value == "posted"
    ]
    assert standing == [30_000]
    assert len(utility.rows(differences, 0)) == 2
    assert utility.run("audit", "sums", "--config", utility.config).exit_code == 0
