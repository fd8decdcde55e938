"""Payments and queries per second on PostgreSQL, against pgbench on the same server in the same run.

The daemon runs on a private server (fsync on) with a million accounts; frames are prebuilt and signed; 1, 8, 64 and 256
connections, one request in flight on each. The yardstick is pgbench with as many clients and prepared statements: the
same payment as one hand-written transaction each, and the same query. Rounds alternate; medians and ratios are printed.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import timeit
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
from daemon import BANKS, Daemon, children, cpu_s, free_port
from driver import PAY, QUERY, SHANGHAI, Link, Serials, connect, drive, frame, pay, query

from tests.support.postgresql_server import PostgresServer, binaries, running_server

CONNECTIONS = (1, 8, 64, 256)
PRINCIPAL_FEN = 12_345
MAC_BYTES = 8
WARM_TRANSACTIONS = 4
TRANSACTIONS_MIN = 64
"""For each client: a connection's first transactions cost several times the others, pgbench's as the daemon's."""
GROWN_HISTORY = 10_000_000
WARMING = 300_000
"""Payments after which most pages of ten million accounts have been written to since the last checkpoint."""
STRIDE = 618_033_989
"""Spreads what is paid one after the other over the tables, by the golden ratio: no account comes twice, and pages come
again as late as they can."""

FILL_ACCOUNTS = """
INSERT INTO accounts (account_no, name, address, meter_no, passbook, supply_branch, user_class, collect_mode, state,
                      balance_fen, pay_at_utility, load_digest)
SELECT '09' || lpad(n::text, 8, '0'), '用户' || n, '人民路' || n || '号', 'BM' || n, '6222' || n, '0901',
       'residential', 'counter', 'active', 0, 0, 0
FROM generate_series({first}, {last}) AS n
"""
FILL_BILLS = """
INSERT INTO bills (bill_no, account_no, month, seq, energy_centikwh, previous_reading_centikwh,
                   this_reading_centikwh, principal_fen, due_date, state, load_digest)
SELECT 'BB' || lpad(n::text, 8, '0'), '09' || lpad(n::text, 8, '0'), {month}, 1, 22400, 100000, 122400,
       {principal}, {due}, 'open', 0
FROM generate_series({first}, {last}) AS n
"""
# What a year or two leaves behind: settled bills, their payments and allocations.
FILL_HISTORY = (
    """
INSERT INTO bills (bill_no, account_no, month, seq, energy_centikwh, previous_reading_centikwh,
                   this_reading_centikwh, principal_fen, due_date, state, settled_by, load_digest)
SELECT 'HB' || lpad(n::text, 10, '0'), '09' || lpad((n % {accounts} + 1)::text, 8, '0'),
       202501 + (n / {accounts}) % 12, 1, 22400, 100000, 122400, 12000, 20251231, 'settled', 980000000000 + n, 0
FROM generate_series({first}, {last}) AS n
""",
    """
INSERT INTO payments (bank_code, bank_date, bank_serial, fep_serial, movement, state, account_no, account_name,
                      amount_fen, settled_principal_fen, settled_late_fee_fen, balance_change_fen, balance_after_fen,
                      due_after_fen, settled_count, first_month, last_month, branch_code, teller_id, channel,
                      instrument, clearing_date, created_at, digest)
SELECT '0102', 20250101 + (n / 50000) % 28, 'H' || lpad(n::text, 11, '0'), 980000000000 + n, 'pay', 'posted',
       '09' || lpad((n % {accounts} + 1)::text, 8, '0'), '用户', 12000, 12000, 0, 0, 0, 0, 1, 202501, 202501,
       '010200000117', 'T0000042', 1, 2, 20250101 + (n / 50000) % 28, 20250101120000000,
       md5(n::text)
FROM generate_series({first}, {last}) AS n
""",
    """
INSERT INTO allocations (fep_serial, bill_no, principal_fen, late_fee_fen)
SELECT 980000000000 + n, 'HB' || lpad(n::text, 10, '0'), 12000, 0 FROM generate_series({first}, {last}) AS n
""",
)

PGBENCH = Path(__file__).parent / "pgbench"
"""The yardsticks: ``pay`` writes what the daemon writes, ``pay_bare`` the least that may be called a payment."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: of the daemon(s) or of pgbench."""

    what: str
    connections: int
    per_second: float
    p50_ms: float
    p99_ms: float = 0.0
    daemon_cpu_us: float = 0.0
    driver_cpu_us: float = 0.0
    server_cpu_us: float = 0.0
    not_approved: int = 0
    mac_us: float = 0.0


class Accounts:
    """The accounts of the benchmark that nobody has paid yet; each is handed out once."""

    def __init__(self, total: int) -> None:
        self.total = total
        self._next = 1

    def take(self, wanted: int) -> int:
        """Return the first of ``wanted`` consecutive numbers."""
        first = self._next
        self._next += wanted
        if self._next > self.total:
            raise SystemExit(f"{self.total} accounts are too few: give more --accounts or fewer --requests")
        return first

    def account_no(self, number: int) -> str:
        """Return the account that a number stands for: neighbours in time are none in the tables."""
        return f"09{number * STRIDE % self.total + 1:08d}"


def filled(url: str, accounts: int, history: int) -> None:
    """Fill the schema that ``fep init`` has made, as the server does it fastest."""
    month, due = 202610, int((datetime.now(SHANGHAI) + timedelta(days=30)).strftime("%Y%m%d"))
    with psycopg.connect(url, autocommit=True) as connection:
        for first in range(1, accounts + 1, 500_000):
            bounds = {"first": first, "last": min(first + 499_999, accounts)}
            connection.execute(FILL_ACCOUNTS.format(**bounds))
            connection.execute(FILL_BILLS.format(month=month, principal=PRINCIPAL_FEN, due=due, **bounds))
        for first in range(1, history + 1, 500_000):
            bounds = {"first": first, "last": min(first + 499_999, history), "accounts": accounts}
            for statement in FILL_HISTORY:
                connection.execute(statement.format(**bounds))
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


def mac_us(link: Link, request: bytes, reply_bytes: int) -> float:
    """Return what the MACs of a request and its reply take: the daemon's own code, timed in this process."""
    texts = request[2:-MAC_BYTES], bytes(reply_bytes - MAC_BYTES)
    seconds = timeit.repeat(lambda: [link.security.mac_of(text) for text in texts], number=200, repeat=5)
    return min(seconds) / 200 * 1e6


def _latencies_ms(folder: Path) -> Iterator[float]:
    """Yield the latencies that pgbench has logged, but for each client's first transactions, which prepare."""
    for path in folder.iterdir():
        for line in path.read_text().splitlines():
            _client, number, microseconds, *_ = line.split()
            if int(number) >= WARM_TRANSACTIONS:
                yield int(microseconds) / 1000


class Bench:
    """One server, one site, and what was measured on them."""

    def __init__(
        self, server: PostgresServer, site: Path, database: str, accounts: Accounts, rows: list[Measured]
    ) -> None:
        self.server = server
        self.site = site
        self.database = database
        self.accounts = accounts
        self.rows = rows
        self.serials = Serials()
        self._queried = 0

    @contextmanager
    def daemons(self, number: int, suite: str, links: int) -> Iterator[tuple[list[Daemon], list[Link]]]:
        """Start ``number`` daemons on one port and sign ``links`` links in."""
        port = free_port()
        with ExitStack() as stack:
            running = []
            for _ in range(number):
                daemon = Daemon(self.site, port, "--listen", f"127.0.0.1:{port}")
                stack.callback(daemon.stop)
                running.append(daemon)
            signed_in = [connect(("127.0.0.1", port), BANKS[suite], suite, self.serials) for _ in range(links)]
            for link in signed_in:
                stack.callback(link.socket.close)
            yield running, signed_in

    def drive(self, what: str, code: int, daemons: Sequence[Daemon], links: Sequence[Link], requests: int) -> None:
        """Send ``requests`` over ``links``, one in flight on each, and note what came of it."""
        if code == PAY:
            first = self.accounts.take(requests)
        else:
            first, self._queried = self._queried + 1, self._queried + requests
        queues: list[list[bytes]] = [[] for _ in links]
        for number in range(requests):
            link, account = links[number % len(links)], self.accounts.account_no(first + number)
            body = pay(account, PRINCIPAL_FEN) if code == PAY else query(account)
            queues[number % len(links)].append(frame(link.security, code, link.bank_code, self.serials.next(), body, 1))
        before = sum(daemon.cpu_s() for daemon in daemons), time.process_time(), self._server_cpu_s()
        result = drive(list(links), queues)
        after = sum(daemon.cpu_s() for daemon in daemons), time.process_time(), self._server_cpu_s()
        self._note(
            Measured(
                what,
                len(links),
                result.per_second,
                result.percentile(0.5),
                result.percentile(0.99),
                *((now - then) / requests * 1e6 for then, now in zip(before, after, strict=True)),
                sum(number for code, number in result.codes.items() if code != b"0000"),
                mac_us(links[0], queues[0][0], result.reply_bytes),
            )
        )

    def pgbench(self, script: str, clients: int, requests: int, label: str = "") -> None:
        """Run a yardstick with as many clients as the daemon has links."""
        per_client = max(1, requests // clients)
        first = self.accounts.take(per_client * clients + 1) if script.startswith("pay") else 1
        spread = {"stride": STRIDE, "accounts": self.accounts.total}
        variables = {"i": 0, "first": first - 1, "per_client": per_client, **spread}
        programs = binaries()
        assert programs is not None
        before = self._server_cpu_s()
        with tempfile.TemporaryDirectory(prefix="fep-pgbench-") as folder:
            finished = subprocess.run(
                [
                    programs / "pgbench", "--no-vacuum", "--protocol=prepared", f"--file={PGBENCH / script}.sql",
                    f"--client={clients}", f"--jobs={min(2, clients)}", f"--transactions={per_client}",
                    *(f"--define={name}={value}" for name, value in variables.items()),
                    "--log", f"--log-prefix={folder}/log",
                    "--host=127.0.0.1", f"--port={self.server.port}", "--username=postgres", self.database,
                ],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            if finished.returncode != 0:
                raise SystemExit(f"pgbench failed: {finished.stderr[-2000:]}")
            latencies_ms = sorted(_latencies_ms(Path(folder)))
        said = dict(line.split(" = ", 1) for line in finished.stdout.splitlines() if " = " in line)
        server_us = (self._server_cpu_s() - before) / (per_client * clients) * 1e6
        rate = float(said["tps"].split()[0])
        p50_ms, p99_ms = (latencies_ms[int(len(latencies_ms) * share)] for share in (0.5, 0.99))
        self._note(
            Measured(
                f"pgbench {label} {script}".replace("  ", " "), clients, rate, p50_ms, p99_ms, server_cpu_us=server_us
            )
        )

    def _server_cpu_s(self) -> float:
        """CPU time of the server so far, with that of its processes that have ended."""
        fields = Path(f"/proc/{self.server.pid}/stat").read_text().rsplit(")", 1)[1].split()
        ended_s = (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")
        return ended_s + cpu_s(self.server.pid) + sum(map(cpu_s, children(self.server.pid)))

    def _note(self, row: Measured) -> None:
        self.rows.append(row)
        print(row, flush=True)


def measure_speed(bench: Bench, arguments: argparse.Namespace) -> None:
    """Yardstick, then one and more daemons with each suite, round after round."""
    for _ in range(arguments.rounds):
        for connections in arguments.connections:
            requests = requests_for(connections, arguments.requests)
            bench.pgbench("pay", connections, requests)
            bench.pgbench("pay_bare", connections, requests)
            bench.pgbench("query", connections, 4 * requests)
            for number in arguments.daemons:
                for suite in arguments.suites:
                    label = f"{number} daemon{'s' if number > 1 else ''} {suite}"
                    with bench.daemons(number, suite, connections) as (daemons, links):
                        bench.drive(f"{label} warm", PAY, daemons, links, max(200, connections * 4))
                        bench.drive(f"{label} pay", PAY, daemons, links, requests)
                        bench.drive(f"{label} query", QUERY, daemons, links, requests)


def measure_idle(bench: Bench, arguments: argparse.Namespace) -> None:
    """Payments with and without a thousand idle links, on one daemon, in turn."""
    suite = arguments.suites[0]
    for _ in range(arguments.rounds):
        for idle in (arguments.idle, 0):
            with bench.daemons(1, suite, 64 + idle) as (daemons, links):
                print(f"RSS with {len(links)} signed-in links: {daemons[0].rss_mb():.0f} MB", flush=True)
                bench.drive("warm", PAY, daemons, links[:64], 1000)
                bench.drive(f"with {idle} idle pay", PAY, daemons, links[:64], arguments.requests)


def measure_growth(bench: Bench, grown: Bench, arguments: argparse.Namespace) -> None:
    """Payments on the database as it is and on a grown one, in turn: one server, so they share its memory.

    Shortly after a checkpoint each page that is written to goes into the log as a whole, and a payment writes to five;
    so first there, then where most pages have been written to already, which is the state between checkpoints.
    """
    both = (("1 x", bench), ("10 x", grown))
    for each in (bench, grown):
        with each.server.connect() as connection:
            connection.execute("CHECKPOINT")
    _measure_in_turn(both, "first", arguments)
    for each, payments in ((bench, WARMING // 5), (grown, WARMING)):
        with each.daemons(1, arguments.suites[0], 256) as (daemons, links):
            each.drive("warm", PAY, daemons, links, payments)
    _measure_in_turn(both, "later", arguments)


def _measure_in_turn(both: Sequence[tuple[str, Bench]], when: str, arguments: argparse.Namespace) -> None:
    for _ in range(arguments.rounds):
        for label, each in both:
            with each.daemons(1, arguments.suites[0], 64) as (daemons, links):
                each.drive("warm", PAY, daemons, links, 1000)
                each.drive(f"{label} {when} pay", PAY, daemons, links, arguments.requests)
            each.pgbench("pay", 64, arguments.requests, f"{label} {when}")


def requests_for(connections: int, requests: int) -> int:
    """Return how many requests are worth sending: one link alone takes long for each."""
    return max(300, requests // 3) if connections == 1 else max(requests, TRANSACTIONS_MIN * connections)


def report(rows: Sequence[Measured]) -> None:
    """Print medians, and ratios to the yardstick of as many clients."""

    def median(what: str, connections: int, key: str) -> float:
        return statistics.median(
            getattr(row, key) for row in rows if row.what == what and row.connections == connections
        )

    names = list(dict.fromkeys((row.what, row.connections) for row in rows if not row.what.endswith("warm")))
    print(
        f"{'':24}{'links':>6}{'per s':>9}{'x same':>8}{'x bare':>8}{'p50 ms':>9}{'x same':>8}{'p99 ms':>9}"
        f"{'daemon us':>11}{'of it MACs':>11}{'server us':>11}{'driver us':>11}{'not 0000':>10}"
    )
    for what, connections in names:
        rate, p50, p99, daemon, mac, server, driver = (
            median(what, connections, key)
            for key in ("per_second", "p50_ms", "p99_ms", "daemon_cpu_us", "mac_us", "server_cpu_us", "driver_cpu_us")
        )
        bad = sum(row.not_approved for row in rows if row.what == what and row.connections == connections)
        ratios = ["", "", ""]
        same = "pgbench pay" if what.endswith("pay") else "pgbench query"
        if not what.startswith("pgbench") and (same, connections) in names:
            ratios[0] = f"{rate / median(same, connections, 'per_second'):.2f}"
            ratios[2] = f"{p50 / median(same, connections, 'p50_ms'):.2f}"
            if same == "pgbench pay":
                ratios[1] = f"{rate / median('pgbench pay_bare', connections, 'per_second'):.2f}"
        print(
            f"{what:24}{connections:>6}{rate:>9.0f}{ratios[0]:>8}{ratios[1]:>8}{p50:>9.2f}{ratios[2]:>8}{p99:>9.2f}"
            f"{daemon:>11.0f}{mac:>11.1f}{server:>11.0f}{driver:>11.0f}{bad:>10}"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--history", type=int, default=100_000, help="old payments that stand there before")
    parser.add_argument("--requests", type=int, default=6000, help="requests of each round and number of connections")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=numbers, default=CONNECTIONS)
    parser.add_argument("--daemons", type=numbers, default=(1, 2))
    parser.add_argument("--suites", type=lambda text: text.split(","), default=["3des", "aes"])
    parser.add_argument("--idle", type=int, default=0, help="measure with so many idle links instead")
    parser.add_argument(
        "--growth", action="store_true", help="measure against ten times the accounts and 10,000,000 old payments"
    )
    arguments = parser.parse_args()
    quarter_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (4 << 20)
    memory = {"shared_buffers": f"{quarter_mb}MB", "max_wal_size": "16GB", "checkpoint_timeout": "30min"}
    if not arguments.growth:
        memory = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
    with running_server(durable=True, max_connections="400", **memory) as server:
        directory = Path(tempfile.mkdtemp(prefix="fep-bench-"))
        try:
            rows: list[Measured] = []
            bench = prepared(server, directory, "now", arguments.accounts, arguments.history, rows)
            if arguments.growth:
                grown = prepared(server, directory, "grown", 10 * arguments.accounts, GROWN_HISTORY, rows)
                measure_growth(bench, grown, arguments)
            else:
                (measure_idle if arguments.idle else measure_speed)(bench, arguments)
            report(rows)
        finally:
            shutil.rmtree(directory, ignore_errors=True)


def numbers(text: str) -> tuple[int, ...]:
    """Return the numbers of a list with commas."""
    return tuple(map(int, text.split(",")))


def prepared(
    server: PostgresServer, directory: Path, database: str, accounts: int, history: int, rows: list[Measured]
) -> Bench:
    """Make a site whose daemons may share a port, and fill a database for it."""
    begun = time.perf_counter()
    site = directory / database
    with psycopg.connect(f"postgresql://postgres@127.0.0.1:{server.port}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {database}")
    options = ["--demo", "--accounts", "10", "--database", server.url(database=database)]
    subprocess.run([sys.executable, "-m", "fep", "init", str(site), *options], check=True, stdout=subprocess.DEVNULL)
    config = site / "fep.toml"
    text = config.read_text().replace("# reuse_port = false", "reuse_port = true")
    config.write_text(text.replace("# connections_max = 1024", "connections_max = 4096"))
    filled(f"postgresql://postgres@127.0.0.1:{server.port}/{database}", accounts, history)
    seconds = time.perf_counter() - begun
    print(f"{accounts} accounts, {history} old payments: filled in {seconds:.0f} s", flush=True)
    return Bench(server, site, database, Accounts(accounts), rows)


if __name__ == "__main__":
    main()
