"""A utility with debit mandates, worked by its commands alone and looked at by the engine's own driver. 代扣站点"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fep.clock import shanghai_now
from tests.support.databases import driver_connection
from tests.support.debit_files import Answer, DebitList, debit_list, mandate_file, result_file

BANK = "0102"
MONTH = 202610
NEVER_DUE = 20991231
LONG_DUE = 20200101
"""So long ago that the late fee of a small bill is at its cap, the principal, whatever the day."""

ACCOUNTS_HEAD = "account_no,name,address,meter_no,passbook,supply_branch,user_class,collect_mode,state,balance"
BILLS_HEAD = "bill_no,account_no,month,seq,energy,previous_reading,this_reading,principal,due_date"
DEBIT_ROWS = "SELECT bill_no, state, debited_fen FROM debit_rows ORDER BY bill_no"


def account_no(number: int) -> str:
    return f"02{number:08d}"


@dataclass
class DebitSite:
    """A site of ``fep init``.

    Attributes:
        directory: its own.
        urls: of its databases.
        command: runs ``fep`` with these words and returns (exit code, out, err).
    """

    directory: Path
    urls: Sequence[str]
    command: Callable[..., Any]
    day: int = field(default_factory=lambda: int(f"{shanghai_now():%Y%m%d}"))

    @property
    def config(self) -> Path:
        return self.directory / "fep.toml"

    @property
    def incoming(self) -> Path:
        return self.directory / "files" / BANK / "in"

    @property
    def outgoing(self) -> Path:
        return self.directory / "files" / BANK / "out"

    def debit(self, *words: object) -> Any:
        """Run ``fep debit``."""
        return self.command("debit", *words, "--config", self.config)

    def load(self, accounts: Sequence[str], bills: Sequence[str]) -> None:
        """Load rows of CSV."""
        for name, head, rows in (("accounts", ACCOUNTS_HEAD, accounts), ("bills", BILLS_HEAD, bills)):
            path = self.directory / f"{name}.csv"
            path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
            done = self.command("load", path, "--config", self.config)
            assert done.exit_code == 0, done

    def account(self, number: int, balance: int = 0, **changes: str) -> str:
        """A row of accounts.csv."""
        said = {"user_class": "residential", "collect_mode": "counter", "state": "active"} | changes
        words = f"{said['user_class']},{said['collect_mode']},{said['state']}"
        return f"{account_no(number)},用户{number},人民路,DM9{number:05d},,0101,{words},{balance}"

    def bill(self, number: int, seq: int, principal: int, month: int = MONTH, due: int = NEVER_DUE) -> str:
        """A row of bills.csv, ``seq`` of the account in the month."""
        return f"N{month}{number:04d}{seq},{account_no(number)},{month},{seq},100,0,100,{principal},{due}"

    def give_mandates(self, *rows: tuple[str, str, str, int], day: int | None = None) -> Any:
        """Put a WT file into the bank's folder and load it."""
        self.put(f"WT{BANK}{day or self.day}.txt", mandate_file(BANK, day or self.day, rows))
        return self.debit("mandates", "--bank", BANK)

    def mandate(self, number: int, action: int = 1) -> tuple[str, str, str, int]:
        return account_no(number), f"用户{number}", f"6222{number:06d}", action

    def export(self, month: int = MONTH) -> Any:
        return self.debit("export", "--bank", BANK, "--month", month)

    def listed(self, number: int = 1) -> DebitList:
        """The list that the bank gets."""
        return debit_list((self.outgoing / f"DK{BANK}{MONTH}{number:02d}.txt").read_bytes())

    def put(self, name: str, data: bytes) -> None:
        self.incoming.mkdir(parents=True, exist_ok=True)
        (self.incoming / name).write_bytes(data)

    def answer(self, listed: DebitList, answers: Sequence[Answer], order: Sequence[int] | None = None) -> Any:
        """Put the bank's result into its folder and import it."""
        self.put(f"DKR{BANK}{MONTH}01.txt", result_file(listed, answers, order))
        return self.debit("import", "--bank", BANK)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what a query finds in all databases."""
        found: list[tuple[Any, ...]] = []
        for url in self.urls:
            with driver_connection(url) as connection:
                found += connection.execute(query).fetchall()
        return found

    def bill_states(self) -> dict[str, str]:
        """State of each of our bills."""
        return dict(self.rows("SELECT bill_no, state FROM bills WHERE bill_no LIKE 'N%' ORDER BY bill_no"))

    def batch(self, columns: str = "state, row_count, total_fen, debited_count, debited_fen") -> tuple[Any, ...]:
        """The only batch."""
        found = self.rows(f"SELECT {columns} FROM debit_batches")
        assert len(found) == 1
        return found[0]

    def check_books(self) -> None:
        """Sums of movements are balances; amounts add up; each settled bill has one movement that settled it."""
        sums = "SELECT account_no, SUM(balance_change_fen) FROM payments GROUP BY account_no"
        moved = {account: int(total) for account, total in self.rows(sums) if account}
        balances = dict(self.rows("SELECT account_no, balance_fen FROM accounts"))
        assert moved == {account: balance for account, balance in balances.items() if balance or account in moved}
        unequal = """SELECT fep_serial FROM payments WHERE movement = 'pay' AND amount_fen <>
            settled_principal_fen + settled_late_fee_fen + balance_change_fen"""
        assert self.rows(unequal) == []
        allocated = """SELECT p.fep_serial FROM payments p WHERE p.movement = 'pay' AND p.settled_principal_fen <>
            COALESCE((SELECT SUM(a.principal_fen) FROM allocations a WHERE a.fep_serial = p.fep_serial), 0)"""
        assert self.rows(allocated) == []
        settled = """SELECT b.bill_no FROM bills b WHERE b.state = 'settled' AND 1 <>
            (SELECT COUNT(*) FROM allocations a JOIN payments p ON p.fep_serial = a.fep_serial
            WHERE a.bill_no = b.bill_no AND p.state = 'posted')"""
        assert self.rows(settled) == []
