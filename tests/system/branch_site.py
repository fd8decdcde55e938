"""A utility of three branches for the black-box tests: one demo directory, three SQLite files. 三个分公司的站点

Branch n (1 to 3) has the accounts that begin with ``0n``; each of the tests' accounts owes one bill of 80.00 yuan.
"""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from tests.support.branch_tables import add_branches
from tests.support.daemon import Daemon, done, fep, init_demo
from tests.support.raw_bank import SUITES, RawBank, today
from tests.system.billing import Account, Bill, Books, month_back
from tests.system.checks import CUT_OFF
from tests.system.database import NEVER

FILES = {1: "billing.db", 2: "yangcheng.db", 3: "gaoping.db"}
OWED = 8_000
ACCOUNTS = 40
"""Accounts of each branch; a test takes those that no other test uses."""
SHARED_PASSBOOK = "622277000001"


def make_template(directory: Path) -> tuple[Path, dict[int, list[Account]]]:
    """Make a demo directory with three databases and the tests' accounts in them; it is only copied."""
    init_demo(directory, 20)
    others = {"yangcheng": (2, f"sqlite:///{FILES[2]}", ["02"]), "gaoping": (3, f"sqlite:///{FILES[3]}", ["03"])}
    config = add_branches(directory, ["01"], others)
    for code in SUITES:
        Daemon(directory).configure_bank(code, cut_off=CUT_OFF.strftime("%H:%M"))
    accounts = {branch: [_account(branch, number) for number in range(ACCOUNTS)] for branch in FILES}
    books = Books()
    for branch, own in accounts.items():
        books.accounts[f"branch {branch}"] = own
    done(fep("db", "upgrade", "--config", config))
    done(fep("load", *books.write(directory.parent), "--config", config))
    return directory, accounts


def _account(branch: int, number: int) -> Account:
    """Return an account; the last ones of branches 1 and 2 share a passbook."""
    bill = Bill(f"SB{branch}{number:04d}", month_back(1), OWED, today() + timedelta(20))
    return Account(
        account_no=f"0{branch}97{number:06d}",
        name=f"分公司测试户{branch}{number:03d}",
        address="测试市分公司路",
        meter_no=f"SM{branch}{number:05d}",
        passbook=SHARED_PASSBOOK if branch < 3 and number == ACCOUNTS - 1 else f"62226600{branch}{number:04d}",
        bills=(bill,),
    )


class BranchSite:
    """One copy of the template: its daemon, its files, its banks."""

    def __init__(self, directory: Path, accounts: dict[int, list[Account]]) -> None:
        self.directory = directory
        self.daemon = Daemon(directory)
        self._accounts = {branch: list(own) for branch, own in accounts.items()}
        self._banks: list[RawBank] = []

    @property
    def config(self) -> Path:
        return self.directory / "fep.toml"

    def take(self, branch: int) -> Account:
        """Return an account of a branch that no other test of this site uses."""
        return self._accounts[branch].pop(0)

    def last(self, branch: int) -> Account:
        """Return a branch's account with the shared passbook, or the last one."""
        return self._accounts[branch][-1]

    def bank(self, bank_code: str = "0102") -> RawBank:
        """Connect as a bank and sign in."""
        bank = RawBank(self.daemon.port, bank_code)
        self._banks.append(bank)
        return bank.sign_in()

    def hang_up(self) -> None:
        while self._banks:
            self._banks.pop().close()

    def path(self, branch: int) -> Path:
        return self.directory / FILES[branch]

    def take_away(self, branch: int) -> None:
        """Move a branch's database away, as a server that is down."""
        self.path(branch).rename(self._away(branch))

    def bring_back(self, branch: int) -> None:
        self._away(branch).rename(self.path(branch))

    def _away(self, branch: int) -> Path:
        return self.directory / f"{FILES[branch]}.away"

    def rows(self, branch: int, statement: str, *values: object) -> list[tuple[object, ...]]:
        """Run a statement on a branch's database, beside the daemon."""
        with closing(sqlite3.connect(self.path(branch), timeout=20)) as connection, connection:
            return connection.execute(statement, values).fetchall()

    def where(self, bank_serial: int) -> dict[int, list[str]]:
        """Return which movements stand under a serial, by branch."""
        statement = "SELECT movement FROM payments WHERE bank_serial = ?"
        found = {branch: self.rows(branch, statement, f"{bank_serial:012d}") for branch in FILES}
        return {branch: [str(row[0]) for row in rows] for branch, rows in found.items() if rows}

    def close(self) -> None:
        """Stop the daemon, and audit the books of every branch."""
        self.hang_up()
        try:
            assert self.daemon.process is None or self.daemon.stop() == 0, "\n".join(self.daemon.output[-20:])
        finally:
            self.daemon.kill()
        assert [line for line in self.daemon.output if "Traceback" in line] == []
        assert self.daemon.leaks(("分公司测试户", "sm1000", "6222")) == []
        for branch in FILES:
            found = {name: self.rows(branch, statement) for name, statement in NEVER.items()}
            assert {name: rows for name, rows in found.items() if rows} == {}
