"""Details of a closed day of a million movements on PostgreSQL: one page, all pages in order, and who else waits.

The yardstick is the same page by OFFSET, with the count of the day, on the same server. The daemon's first page is
asked for while eight links query, for that one looks through the whole day.
"""

import argparse
import shutil
import statistics
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
from daemon import Daemon
from database import Bench, prepared
from driver import QUERY, SHANGHAI, Link, Result, Serials, drive, frame, query

from tests.support.postgresql_server import running_server

DETAIL = 3002
ROWS_OF_A_PAGE = 20
ROW_COUNT_AT, ROWS_IN_PAGE_AT = 2 + 96 + 8, 2 + 96 + 14
"""In a whole reply: length field, header, then the body."""
QUERY_LINKS = 8
FILL = """
INSERT INTO payments (bank_code, bank_date, bank_serial, fep_serial, movement, state, account_no, account_name,
                      amount_fen, settled_principal_fen, settled_late_fee_fen, balance_change_fen, balance_after_fen,
                      due_after_fen, settled_count, first_month, last_month, branch_code, teller_id, channel,
                      instrument, clearing_date, created_at, digest)
SELECT CASE n % 5 WHEN 4 THEN '0104' ELSE '0103' END, {day}, 'H' || lpad(n::text, 11, '0'), {first} + n, 'pay',
       'posted', '09' || lpad((n % 1000000)::text, 8, '0'), '用户', 12000, 12000, 0, 0, 0, 0, 1, 202501, 202501,
       '010300000117', 'T0000042', 1, 2, {day}, {day}::bigint * 1000000000 + 120000000, md5(n::text)
FROM generate_series(0, {rows} * 5 / 4 - 1) AS n
"""
BY_OFFSET = """
SELECT bank_date, bank_serial, fep_serial, account_no, amount_fen, movement, state FROM payments
WHERE bank_code = '0103' AND clearing_date = {day} AND (movement IN ('pay', 'cancel')
      OR movement = 'reverse' AND outcome = 1) ORDER BY fep_serial OFFSET {offset} LIMIT 20
"""
COUNT = """
SELECT count(*) FROM payments WHERE bank_code = '0103' AND clearing_date = {day}
       AND (movement IN ('pay', 'cancel') OR movement = 'reverse' AND outcome = 1)
"""


def days_before(days: int) -> int:
    """Return a day as the tables have it."""
    return int((datetime.now(SHANGHAI) - timedelta(days=days)).strftime("%Y%m%d"))


def fill(url: str, rows: int) -> None:
    """Give bank 0103 so many payments on each of the last three days, and another bank a quarter as many among them."""
    with psycopg.connect(url, autocommit=True) as connection:
        for days in (3, 2, 1):
            first = 980_000_000_000 + (3 - days) * 2 * rows
            connection.execute(FILL.format(day=days_before(days), first=first, rows=rows))
        connection.execute(f"UPDATE clearing_dates SET first_date = {days_before(3)}")
        connection.execute("VACUUM (ANALYZE)")
        connection.execute("CHECKPOINT")


def by_offset_ms(url: str, rows: int) -> list[tuple[str, float]]:
    """Return what the count of a day and its first, middle and last page by OFFSET take, medians of five."""
    asked = [("count of the day", COUNT)]
    asked += [
        (f"OFFSET, page {page:,}", BY_OFFSET.replace("{offset}", str((page - 1) * ROWS_OF_A_PAGE)))
        for page in some_pages(rows)
    ]
    with psycopg.connect(url, autocommit=True) as connection:
        return [
            (what, statistics.median(_ms(lambda text=text: connection.execute(text).fetchall()) for _ in range(5)))
            for what, text in ((what, text.format(day=days_before(2))) for what, text in asked)
        ]


def _ms(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def some_pages(rows: int) -> tuple[int, int, int]:
    """Return the first page, the one in the middle and the last."""
    return 1, rows // ROWS_OF_A_PAGE // 2, rows // ROWS_OF_A_PAGE


def walk(link: Link, serials: Serials, pages: Sequence[int]) -> Result:
    """Ask for these pages, one after the other."""
    day = str(days_before(2)).encode()
    bodies = [struct.pack(">8sH22s", day, page, bytes(22)) for page in pages]
    frames = [frame(link.security, DETAIL, link.bank_code, serials.next(), body, 1) for body in bodies]
    return drive([link], [frames], keep_replies=True)


@contextmanager
def queries(bench: Bench, links: list[Link], what: str) -> Iterator[None]:
    """Let the links query all the while, and print what they saw."""
    results: list[Result] = []
    is_over = threading.Event()

    def _query() -> None:
        while not is_over.is_set():
            body = query(bench.accounts.account_no(1))
            frames = [[frame(x.security, QUERY, x.bank_code, bench.serials.next(), body, 1)] for x in links]
            results.append(drive(links, frames))

    thread = threading.Thread(target=_query)
    thread.start()
    yield
    is_over.set()
    thread.join()
    seen = sorted(latency for result in results for latency in result.latencies_ms)
    p50, p99 = seen[len(seen) // 2], seen[int(len(seen) * 0.99)]
    print(f"queries {what:24} {len(seen):>7} of them, p50 {p50:.2f} ms, p99 {p99:.2f} ms, longest {seen[-1]:.0f} ms")


def measure(bench: Bench, daemon: Daemon, links: list[Link], rows: int) -> None:
    """Print one line for each thing measured."""
    asking, querying = links[0], links[1:]
    with queries(bench, querying, "alone"):
        time.sleep(3)
    with queries(bench, querying, "beside the first page"):
        first = walk(asking, bench.serials, [1])
    print(f"the first page: {first.latencies_ms[0]:.0f} ms")
    for page in some_pages(rows):
        told = walk(asking, bench.serials, [page] * 500)
        print(f"page {page:,}: p50 {told.percentile(0.5):.2f} ms, p99 {told.percentile(0.99):.2f} ms")
    before = daemon.cpu_s()
    whole = walk(asking, bench.serials, range(1, rows // ROWS_OF_A_PAGE + 1))
    seen = sum(reply[ROWS_IN_PAGE_AT] for reply in whole.replies)
    assert seen == rows == int.from_bytes(whole.replies[-1][ROW_COUNT_AT : ROW_COUNT_AT + 4]), "rows are missing"
    cpu_us = (daemon.cpu_s() - before) / len(whole.replies) * 1e6
    print(
        f"all {len(whole.replies):,} pages: {whole.seconds:.0f} s, p50 {whole.percentile(0.5):.2f} ms,"
        f" p99 {whole.percentile(0.99):.2f} ms, longest {max(whole.latencies_ms):.0f} ms, daemon {cpu_us:.0f} us a page"
    )
    with queries(bench, querying, "beside the walk"):
        walk(asking, bench.serials, range(1, 5001))
    print(f"daemon: {daemon.rss_mb():.0f} MB")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--rows", type=int, default=1_000_000, help="movements of the day; pages of 20 must come out even"
    )
    arguments = parser.parse_args()
    with running_server(durable=True, shared_buffers="512MB", max_wal_size="4GB") as server:
        directory = Path(tempfile.mkdtemp(prefix="fep-bench-"))
        try:
            bench = prepared(server, directory, "details", 1000, 0, [])
            url = f"postgresql://postgres@127.0.0.1:{server.port}/details"
            fill(url, arguments.rows)
            for what, milliseconds in by_offset_ms(url, arguments.rows):
                print(f"{what}: {milliseconds:.1f} ms")
            with bench.daemons(1, "aes", 1 + QUERY_LINKS) as (daemons, links):
                measure(bench, daemons[0], links, arguments.rows)
        finally:
            shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
