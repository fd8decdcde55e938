"""Reconciling a day of a million payments on PostgreSQL, against what SQL and a CSV reader take for the same rows.

The bank's file and the journal have as many rows, of which some differ in each way that there is; exactly these must be
found. The yardstick, in the same run on the same server: the bank's rows in a table, joined in both directions by all
that must be equal, three times, and one reading of the file by the csv module.
"""

import argparse
import csv
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from zlib import crc32

import psycopg

from tests.support.postgresql_server import PostgresServer, running_server

BANK = "0103"
KINDS = ("amount differs", "state differs", "only bank", "only FEP", "in flight", "netted")
AMOUNT, STATE, ONLY_BANK, ONLY_FEP, IN_FLIGHT, NETTED = range(6)
COUNTS = "amount_differs_count, state_differs_count, only_bank_count, only_fep_count, in_flight_count, matched_count"
FILL = """
INSERT INTO payments (bank_code, bank_date, bank_serial, fep_serial, movement, state, account_no, account_name,
                      amount_fen, settled_principal_fen, settled_late_fee_fen, balance_change_fen, balance_after_fen,
                      due_after_fen, settled_count, first_month, last_month, branch_code, teller_id, channel,
                      instrument, clearing_date, created_at, digest)
SELECT '{bank}', {bank_date}, lpad(n::text, 12, '0'), 980000000000 + n, '{movement}', '{state}',
       '09' || lpad((n % 1000000)::text, 8, '0'), '用户', 10000 + n % 9000, 12000, 0, 0, 0, 0, 1, 202501, 202501,
       '010300000117', 'T0000042', 1, 2, {clearing_date}, {clearing_date}::bigint * 1000000000 + 120000000, md5(n::text)
FROM generate_series({first}, {last}) AS n
"""
TABLE = """
CREATE TABLE bank_rows (bank_date integer, bank_serial text, account_no text, movement text, amount_fen bigint,
                        state text)
"""
EQUAL = """p.bank_date = b.bank_date AND p.bank_serial = b.bank_serial AND p.account_no = b.account_no
       AND p.movement = b.movement AND p.amount_fen = b.amount_fen AND p.state = b.state"""
OURS = "p.bank_code = '{bank}' AND p.clearing_date = {day} AND p.movement IN ('pay', 'cancel', 'reverse')"
ANTI_JOINS = (
    f"SELECT count(*) FROM bank_rows b WHERE NOT EXISTS (SELECT 1 FROM payments p WHERE {OURS} AND {EQUAL})",
    f"SELECT count(*) FROM payments p WHERE {OURS} AND NOT EXISTS (SELECT 1 FROM bank_rows b WHERE {EQUAL})",
)
STATES = {b"1": "posted", b"2": "cancelled", b"3": "reversed"}
MOVEMENTS = {b"2002": "pay", b"2003": "cancel", b"2004": "reverse"}


def digits(day: date) -> int:
    """Return a day as the tables have it."""
    return int(day.strftime("%Y%m%d"))


@dataclass(frozen=True)
class Plan:
    """What differs: ``planted`` rows of each kind, one behind the other from number 1."""

    rows: int
    planted: int
    day: date

    def kind_of(self, number: int) -> int | None:
        """Return how a row differs, None when it does not."""
        kind, _ = divmod(number - 1, self.planted)
        return kind if kind < len(KINDS) else None

    def numbers(self, kind: int) -> tuple[int, int]:
        """Return the first and the last row of a kind."""
        return kind * self.planted + 1, (kind + 1) * self.planted

    def lines(self) -> Iterator[bytes]:
        """Yield the rows of the bank's file: PAYs, and behind them the undos of those that only the bank has netted."""
        bank_date = b"%d" % digits(self.day)
        pattern = b"D" + bank_date + b"%012d09%08d      %d%016d%d"
        for number in range(1, self.rows + 1):
            kind = self.kind_of(number)
            if kind == ONLY_FEP:
                continue
            amount = 10_000 + number % 9000 + (kind == AMOUNT)
            state = 2 if kind in {STATE, NETTED} else 1
            yield pattern % (number, number % 1_000_000, 2002, amount, state)
        first, last = self.numbers(NETTED)
        for number in range(first, last + 1):
            undo = number + 2 * self.rows
            yield pattern % (undo, number % 1_000_000, 2003, 10_000 + number % 9000, 1)


def write_file(path: Path, plan: Plan) -> int:
    """Write the bank's file; return its rows."""
    lines = list(plan.lines())
    total = sum(int(line[41:57]) * (1 if line[37:41] == b"2002" else -1) for line in lines)
    head = b"H%s%d%08d%016d" % (BANK.encode(), digits(plan.day), len(lines), total)
    body = b"\r\n".join([head, *lines]) + b"\r\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body + b"T%08X\r\n" % crc32(body))
    return len(lines)


def fill(url: str, plan: Plan) -> None:
    """Give the journal its rows: all but what only the bank has; what is in flight counts on the next day."""
    after = plan.day + timedelta(days=1)
    about = {"bank": BANK, "bank_date": digits(plan.day), "movement": "pay", "state": "posted"}
    with psycopg.connect(url, autocommit=True) as connection:
        for kind in (*range(len(KINDS)), None):
            first, last = (len(KINDS) * plan.planted + 1, plan.rows) if kind is None else plan.numbers(kind)
            if kind != ONLY_BANK:
                day = digits(after if kind == IN_FLIGHT else plan.day)
                connection.execute(FILL.format(**about, clearing_date=day, first=first, last=last))
        present, first_date = digits(plan.day + timedelta(days=2)), digits(plan.day - timedelta(days=9))
        for change in (f"DELETE FROM clearing_dates WHERE bank_code = '{BANK}'",
                       f"INSERT INTO clearing_dates VALUES ('{BANK}', {present}, {first_date})"):  # fmt: skip
            connection.execute(change)
        connection.execute(TABLE)
        rows = (
            (line[1:9].decode(), line[9:21].decode(), line[21:37].decode().strip(), MOVEMENTS[line[37:41]],
             int(line[41:57]), STATES[line[57:58]])
            for line in plan.lines()
        )  # fmt: skip
        with connection.cursor().copy("COPY bank_rows FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


def anti_joins(url: str, day: date) -> tuple[float, list[int]]:
    """Return what both directions take in SQL, and what they find."""
    with psycopg.connect(url, autocommit=True) as connection:
        begun = time.perf_counter()
        found = [connection.execute(text.format(bank=BANK, day=digits(day))).fetchall()[0][0] for text in ANTI_JOINS]
        return time.perf_counter() - begun, found


def read_csv(path: Path) -> float:
    """Return what the csv module takes to read the file."""
    begun = time.perf_counter()
    with path.open(encoding="ascii", newline="") as file:
        for _ in csv.reader(file):
            pass
    return time.perf_counter() - begun


# The peak of the process itself: what its parent held when it forked is not in it, unlike in ru_maxrss.
COMMAND = """
import re, sys
from fep.cli import main
exit_code = main(sys.argv[1:])
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1], file=sys.stderr)
sys.exit(exit_code)
"""


def reconcile(config: Path, day: date) -> tuple[float, float]:
    """Run the command; return the seconds, and the megabytes of its largest resident set."""
    begun = time.perf_counter()
    words = ["recon", "run", "--config", config, "--bank", BANK, "--date", day]
    command = [sys.executable, "-c", COMMAND, *map(str, words)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    seconds = time.perf_counter() - begun
    assert done.returncode == 1, done.stderr
    return seconds, int(done.stderr.split()[-1]) / 1024


def check(url: str, plan: Plan, site: Path, file_rows: int) -> None:
    """Hold what was found against what was planted; raise AssertionError when it is anything else."""
    with psycopg.connect(url) as connection:
        [counts] = connection.execute(f"SELECT {COUNTS} FROM reconciliations").fetchall()
        serials = connection.execute("SELECT bank_serial::bigint, matching FROM differences").fetchall()
    planted = plan.planted
    # A pair that the bank alone has undone is one difference, on the payment.
    assert counts == (planted, 2 * planted, planted, planted, planted, file_rows - 6 * planted), counts
    expected = {AMOUNT: 2, STATE: 3, ONLY_BANK: 4, ONLY_FEP: 5, IN_FLIGHT: 6, NETTED: 3}
    assert all(expected.get(plan.kind_of(serial)) == matching for serial, matching in serials)  # type: ignore[call-overload]
    assert len({serial for serial, _ in serials}) == len(serials) == 6 * planted
    result = site / "files" / BANK / "out" / f"DZR{BANK}{digits(plan.day)}.txt"
    classes = Counter(line[58:] for line in result.read_bytes().split(b"\r\n")[1:-2])
    assert classes[b"1"] == file_rows - 6 * planted, classes
    assert (classes[b"3"], classes[b"5"]) == (3 * planted, planted), classes


def make_site(server: PostgresServer, directory: Path) -> tuple[Path, str]:
    """Return a directory as ``fep init`` makes it, and the URL of its database."""
    server.create_database("reconcile")
    url = f"postgresql://postgres@127.0.0.1:{server.port}/reconcile"
    site = directory / "site"
    sqlalchemy_url = url.replace("postgresql:", "postgresql+psycopg:")
    options = ["--demo", "--accounts", "20", "--database", sqlalchemy_url]
    subprocess.run([sys.executable, "-m", "fep", "init", str(site), *options], check=True, stdout=subprocess.DEVNULL)
    return site, url


def run(server: PostgresServer, directory: Path, rows: int, planted: int) -> float:
    """Measure once, print, and return the ratio to the yardstick."""
    plan = Plan(rows, planted, date.today() - timedelta(days=5))  # noqa: DTZ011 - any closed day will do
    site, url = make_site(server, directory)
    path = site / "files" / BANK / "in" / f"DZ{BANK}{digits(plan.day)}.txt"
    file_rows = write_file(path, plan)
    fill(url, plan)
    sql_s, found = anti_joins(url, plan.day)
    csv_s = read_csv(path)
    seconds, megabytes = reconcile(site / "fep.toml", plan.day)
    check(url, plan, site, file_rows)
    sql_s = (sql_s + anti_joins(url, plan.day)[0]) / 2
    ratio = seconds / (3 * sql_s + csv_s)
    print(f"{rows:,} payments, {file_rows:,} rows in the file, {planted:,} of each kind: {', '.join(KINDS)}")
    print(f"SQL, both directions: {sql_s:.2f} s, finds {found[0]:,} and {found[1]:,} rows; csv: {csv_s:.2f} s")
    print(f"reconcile: {seconds:.2f} s, {megabytes:.0f} MB; ratio {ratio:.2f}; exactly what was planted was found")
    return ratio


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000, help="payments of the day")
    parser.add_argument("--planted", type=int, default=1000, help="rows that differ in each way")
    options = parser.parse_args(arguments)
    with running_server(durable=True, shared_buffers="512MB", max_wal_size="4GB") as server:
        directory = Path(tempfile.mkdtemp(prefix="fep-bench-"))
        try:
            run(server, directory, options.rows, options.planted)
        finally:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
