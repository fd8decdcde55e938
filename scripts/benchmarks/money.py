"""Payments and queries per second on embedded SQLite, against one hand-written transaction each in the same run.

The daemon runs on a fresh demo database; frames are prebuilt and signed; 1, 8 and 64 connections, one request in flight
on each. The yardstick is the same payment (settle all open bills of an account) as one hand-written transaction each
through the sqlite3 module, on a copy of the same database with the same pragmas. Rounds alternate; medians are printed.
"""

import argparse
import json
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from daemon import BANKS, Daemon, free_port
from driver import PAY, QUERY, Link, Result, Serials, connect, drive, frame, pay, query

CONNECTIONS = (1, 8, 64)

OWN_IDENTITY = "SELECT * FROM payments WHERE bank_code = '0102' AND bank_date = 20261121 AND bank_serial = ?"
OPEN_BILLS = (
    "SELECT bill_no, month, principal_fen FROM bills WHERE account_no = ? AND state IN ('open', 'in_debit')"
    " ORDER BY month, seq"
)
INSERT_PAYMENT = (
    "INSERT INTO payments (bank_code, bank_date, bank_serial, fep_serial, movement, state, account_no, account_name,"
    " amount_fen, settled_principal_fen, settled_late_fee_fen, settled_count, first_month, last_month,"
    " balance_change_fen, balance_after_fen, due_after_fen, branch_code, teller_id, channel, instrument,"
    " clearing_date, created_at, digest)"
    " VALUES ('0102', 20261121, ?, ?, 'pay', 'posted', ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, '010200000117', 'T0000042',"
    " 1, 2, 20261121, 20261121120000000, ?)"
)
SETTLE_BILL = "UPDATE bills SET state = 'settled', settled_by = ? WHERE bill_no = ? AND state = 'open'"


def payable_accounts(database: Path, limit: int) -> list[str]:
    """Accounts that have open bills and may be paid by a bank."""
    with sqlite3.connect(database) as connection:
        rows = connection.execute(
            "SELECT DISTINCT a.account_no FROM accounts a JOIN bills b ON b.account_no = a.account_no"
            " WHERE a.state = 'active' AND a.collect_mode = 'counter' AND a.pay_at_utility = 0 AND b.state = 'open'"
            " ORDER BY a.account_no LIMIT ?", (limit,),
        )  # fmt: skip
        return [row[0] for row in rows]


def build(links: list[Link], code: int, bodies: list[bytes], serials: Serials) -> list[list[bytes]]:
    """Deal the bodies out to the links as signed frames."""
    queues: list[list[bytes]] = [[] for _ in links]
    for index, body in enumerate(bodies):
        link = links[index % len(links)]
        queues[index % len(links)].append(frame(link.security, code, link.bank_code, serials.next(), body, 1))
    return queues


def yardstick(source: Path, accounts: list[tuple[str, int]]) -> float:
    """Pay the same accounts with one hand-written transaction each; return payments per second."""
    connection = sqlite3.connect(source, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    execute = connection.execute
    number = 90_000_000_000
    started = time.perf_counter()
    for account_no, amount in accounts:
        number += 1
        serial = f"{number:012d}"
        execute("BEGIN IMMEDIATE")
        execute("SELECT clearing_date FROM clearing_dates WHERE bank_code = '0102'").fetchone()
        account = execute("SELECT * FROM accounts WHERE account_no = ?", (account_no,)).fetchone()
        execute(OWN_IDENTITY, (serial,)).fetchone()
        bills = execute(OPEN_BILLS, (account_no,)).fetchall()
        principal = sum(bill[2] for bill in bills)
        settled = (amount, principal, amount - principal, len(bills), bills[0][1], bills[-1][1])
        execute(INSERT_PAYMENT, (serial, number, account_no, account[1], *settled, "0123456789abcdef" * 2))
        for bill_no, _, bill_principal in bills:
            execute("INSERT INTO allocations VALUES (?, ?, ?, 0)", (number, bill_no, bill_principal))
            execute(SETTLE_BILL, (number, bill_no))
        execute("UPDATE accounts SET balance_fen = 0 WHERE account_no = ?", (account_no,))
        execute("COMMIT")
    rate = len(accounts) / (time.perf_counter() - started)
    connection.close()
    return rate


def payables(result: Result) -> list[tuple[str, int]]:
    """Read account and payable from QUERY replies."""
    found = []
    for reply in result.replies:
        body = reply[98:]
        if reply[6:10] == b"0000" and body[186] == 1:
            payable = int.from_bytes(body[224:232], signed=True)
            if payable > 0:
                found.append((body[:16].decode().strip(), payable))
    return found


def row(label: str, connections: int, result: Result, cpu_s: float) -> dict[str, object]:
    bad = sum(count for code, count in result.codes.items() if code != b"0000")
    count = len(result.latencies_ms)
    return {
        "what": label, "connections": connections, "per_second": round(result.per_second),
        "p50_ms": round(result.percentile(0.5), 2), "p99_ms": round(result.percentile(0.99), 2),
        "cpu_us": round(cpu_s / count * 1e6), "count": count, "not_approved": bad,
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--payments", type=int, default=4000, help="payments of each round and number of connections")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--suite", choices=sorted(BANKS), default="3des")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="fep-bench-"))
    try:
        run(arguments, directory)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def run(arguments: argparse.Namespace, directory: Path) -> None:
    port = free_port()
    site = directory / "site"
    begun = time.perf_counter()
    options = ["--demo", "--accounts", str(arguments.accounts), "--port", str(port)]
    subprocess.run([sys.executable, "-m", "fep", "init", str(site), *options], check=True, stdout=subprocess.DEVNULL)
    print(f"demo database with {arguments.accounts} accounts: {time.perf_counter() - begun:.1f} s", flush=True)
    database = next(site.glob("*.db"))
    daemon = Daemon(site, port)
    try:
        rows = measure(arguments, directory, port, database, daemon)
    finally:
        daemon.stop()
    if arguments.json:
        print(json.dumps(rows))
    else:
        report(rows)


def measure(
    arguments: argparse.Namespace, directory: Path, port: int, database: Path, daemon: Daemon
) -> list[dict[str, object]]:
    serials = Serials()
    bank = BANKS[arguments.suite]
    links = [connect(("127.0.0.1", port), bank, arguments.suite, serials) for _ in range(max(CONNECTIONS))]
    wanted = arguments.payments * (len(CONNECTIONS) + 1) * arguments.rounds
    accounts = payable_accounts(database, wanted * 2)
    found: list[tuple[str, int]] = []
    rows: list[dict[str, object]] = []

    def driven(label: str, connections: int, code: int, bodies: list[bytes], *, keep: bool = False) -> Result:
        queues = build(links[:connections], code, bodies, serials)
        cpu = daemon.cpu_s()
        result = drive(links[:connections], queues, keep_replies=keep)
        rows.append(row(label, connections, result, daemon.cpu_s() - cpu))
        return result

    first = drive(links, build(links, QUERY, [query(account) for account in accounts], serials), keep_replies=True)
    found = payables(first)
    if len(found) < wanted:
        raise SystemExit(f"only {len(found)} accounts can be paid, {wanted} are needed: give more --accounts")
    pool = iter(found)
    for _ in range(arguments.rounds):
        copy = directory / "yardstick.db"
        with sqlite3.connect(database) as live, sqlite3.connect(copy) as target:
            live.backup(target)
        share = [next(pool) for _ in range(arguments.payments)]
        rate = yardstick(copy, share)
        for path in directory.glob("yardstick.db*"):
            path.unlink()
        rows.append({"what": "yardstick", "connections": 1, "per_second": round(rate)})
        for connections in CONNECTIONS:
            share = [next(pool) for _ in range(arguments.payments)]
            driven("pay", connections, PAY, [pay(account, amount) for account, amount in share])
            driven("query", connections, QUERY, [query(account) for account, _ in share])
    rows.append({"what": "rss_mb", "connections": len(links), "per_second": round(daemon.rss_mb())})
    return rows


def report(rows: list[dict[str, object]]) -> None:
    def values(what: str, connections: int, key: str) -> list[float]:
        return [float(str(row[key])) for row in rows if row["what"] == what and row["connections"] == connections]

    base = statistics.median(values("yardstick", 1, "per_second"))
    print(f"yardstick, one hand-written transaction each: {base:.0f} pay/s")
    print(f"{'':8}{'links':>6}{'per s':>9}{'x yardstick':>13}{'p50 ms':>9}{'p99 ms':>9}{'CPU us':>9}{'not 0000':>10}")
    for what in ("pay", "query"):
        for connections in CONNECTIONS:
            rate, p50, p99, cpu = (
                statistics.median(values(what, connections, key))
                for key in ("per_second", "p50_ms", "p99_ms", "cpu_us")
            )
            refused = sum(values(what, connections, "not_approved"))
            ratio = f"{rate / base:.2f}" if what == "pay" else ""
            print(f"{what:8}{connections:>6}{rate:>9.0f}{ratio:>13}{p50:>9.2f}{p99:>9.2f}{cpu:>9.0f}{refused:>10.0f}")
    print(f"RSS of the daemon: {next(row['per_second'] for row in rows if row['what'] == 'rss_mb')} MB")


if __name__ == "__main__":
    main()
