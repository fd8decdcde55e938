"""The daemon runs out of file descriptors: links work on, new ones are closed at once. 句柄耗尽

``prlimit`` lowers the limit while the daemon runs, as its leak, or somebody else's, would use them up.
"""

import os
import resource
import time
from datetime import timedelta
from itertools import count
from pathlib import Path

from fep.descriptors import RESERVE
from tests.support.ports import free_port
from tests.support.raw_bank import SIGN_IN, Closed, today
from tests.system.checks import query_fields
from tests.system.messages import DEPOSIT, FILE_PUT, PAY, QUERY, pay, query
from tests.system.test_metrics import Scraped
from tests.system.transfer import chunk_body, detail_file, detail_name, put

YESTERDAY = today() - timedelta(days=1)
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def descriptors(daemon):
    """Return the numbers of the files that the daemon has open."""
    return {int(path.name) for path in Path(f"/proc/{daemon.pid}/fd").iterdir()}


def limit(daemon, number):
    """Let no file of the daemon have a number of ``number`` or above; return the former limit."""
    hard = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)[1]
    return resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (number, hard))[0]


def cpu_s(daemon):
    """Return the processor time that the daemon has used, in seconds."""
    fields = Path(f"/proc/{daemon.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def is_closed(bank):
    """Tell whether a new connection is closed instead of being answered."""
    try:
        bank.exchange_keys(SIGN_IN)
    except (Closed, ConnectionError):
        return True
    return False


def named(daemon, since):
    """Return the events since a mark that tell of file descriptors."""
    found = [event["event"] for event in daemon.events(since)]
    return [name for name in found if name.startswith(("file_descriptors", "loop_failed", "connection_refused"))]


def test_no_descriptors_are_left(fresh_site):
    """Down to the reserve links are refused, and then without one left too; payments go on, and all when it is over."""
    metrics_port = free_port()
    daemon = fresh_site.daemon.configure("metrics", address=f"127.0.0.1:{metrics_port}").start()
    metrics, account = Scraped(metrics_port), fresh_site.take("empty")
    bank, mark = fresh_site.bank(), daemon.mark()

    def paid():
        return bank.request(PAY, pay(account.account_no, 100, DEPOSIT)).code

    assert paid() == bank.request(QUERY, query(account.account_no)).code == "0000"
    former = limit(daemon, max(descriptors(daemon)) + 1 + RESERVE)
    assert [is_closed(fresh_site.connect()) for _ in range(5)] == [True] * 5
    put(bank, detail_name(), detail_file())  # a file is opened all the same
    assert metrics.samples()["fep_events_total", "connection_refused"] == 5
    assert paid() == "0000"

    open_now = descriptors(daemon)
    limit(daemon, next(number for number in count() if number not in open_now))  # none is left
    began_s = cpu_s(daemon)
    assert [is_closed(fresh_site.connect()) for _ in range(5)] == [True] * 5
    for _ in range(5):
        fresh_site.connect()  # and waits
    time.sleep(1.0)
    assert cpu_s(daemon) - began_s < 0.6
    assert paid() == "0000"
    chunk = chunk_body(detail_name(day=YESTERDAY), detail_file(day=YESTERDAY), 0)
    assert bank.request(FILE_PUT, chunk).code == "9003"
    assert named(daemon, mark) == ["file_descriptors_short"]

    limit(daemon, former)
    assert bank.request(FILE_PUT, chunk).code == "0000"
    assert fresh_site.bank().request(QUERY, query(account.account_no)).code == "0000"
    assert query_fields(bank, account.account_no)["balance"] == 3 * 100
    samples = metrics.samples()
    assert samples["fep_events_total", "connection_refused"] == 15
    assert samples["fep_connections_refused_total", "file_descriptors"] == 15
