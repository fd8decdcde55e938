"""Loading of files: a large bills.csv with one bad row near its end is refused whole, and loads when it is mended.

Prints rows per second and the memory of ``fep load``; ends with exit code 1 when anything of the bad file was loaded.
On SQLite; with ``--postgresql`` on a private server with fsync on, with ``--database URL`` on an empty database there.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.databases import driver_connection
from tests.support.postgresql_server import running_server

ACCOUNTS_HEADER = (
    "account_no,name,address,meter_no,passbook,supply_branch,user_class,collect_mode,state,balance,pay_at_utility\n"
)
BILLS_HEADER = "bill_no,account_no,month,seq,energy,previous_reading,this_reading,principal,due_date\n"


def write_accounts(path: Path, accounts: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(ACCOUNTS_HEADER)
        for number in range(accounts):
            file.write(
                f"02{number:08d},测试户{number},测试路{number}号,LM{number},,2113,residential,counter,active,0,0\n"
            )


def write_bills(path: Path, accounts: int, bills: int, *, bad_line: int | None) -> None:
    """Write ``bills`` rows; the principal in ``bad_line`` is no number."""
    with path.open("w", encoding="utf-8") as file:
        file.write(BILLS_HEADER)
        for number in range(bills):
            account, age = number % accounts, number // accounts
            month = 202501 + age // 12 * 100 + age % 12
            principal = "12x" if number + 2 == bad_line else "12000"
            file.write(f"LB{number:010d},02{account:08d},{month},1,15000,0,15000,{principal},{month}25\n")


def load(path: Path, config: Path) -> tuple[int, float, float, str]:
    """Run ``fep load``; return exit code, seconds, peak memory in MB and what it said."""
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "fep", "load", str(path), "--config", str(config)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    said = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    return os.waitstatus_to_exitcode(status), time.perf_counter() - started, usage.ru_maxrss / 1024, said


def bills_in(url: str) -> int:
    with driver_connection(url) as connection:
        return int(connection.execute("SELECT count(*) FROM bills WHERE bill_no LIKE 'LB%'").fetchone()[0])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--accounts", type=int, default=300_000)
    parser.add_argument("--bills", type=int, default=3_000_000)
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--postgresql", action="store_true", help="on a private server")
    where.add_argument("--database", metavar="URL", help="an empty database")
    arguments = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="fep-load-"))
    try:
        if not arguments.postgresql:
            url = arguments.database or f"sqlite:///{directory}/site/billing.db"
            return run(directory, url, arguments.accounts, arguments.bills)
        with running_server(durable=True, shared_buffers="512MB", max_wal_size="4GB") as server:
            return run(directory, server.create_database("billing"), arguments.accounts, arguments.bills)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def run(directory: Path, url: str, accounts: int, bills: int) -> int:
    site = directory / "site"
    subprocess.run([sys.executable, "-m", "fep", "init", str(site), "--database", url], check=True)
    config = site / "fep.toml"
    write_accounts(directory / "accounts.csv", accounts)
    bad_line = bills - bills // 100
    write_bills(directory / "bad.csv", accounts, bills, bad_line=bad_line)
    write_bills(directory / "bills.csv", accounts, bills, bad_line=None)
    failed = False
    for name, rows, expected in (
        ("accounts.csv", accounts, 0), ("bad.csv", bills, 2), ("bills.csv", bills, 0), ("bills.csv", bills, 0),
    ):  # fmt: skip
        code, seconds, memory_mb, said = load(directory / name, config)
        print(
            f"{name:14}{rows:>10} rows {seconds:8.1f} s {rows / seconds:>9.0f} rows/s {memory_mb:>7.0f} MB  exit {code}"
        )
        print("   " + said.strip().splitlines()[-1] if said.strip() else "")
        failed |= code != expected
        if name == "bad.csv":
            failed |= str(bad_line) not in said or bills_in(url) != 0
    failed |= bills_in(url) != bills
    print(f"peak memory of all loads: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
