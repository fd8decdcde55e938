"""A short run of chaos: two daemons on PostgreSQL are killed under load, and no payment is lost or doubled."""

from collections import Counter

import pytest

from tests.chaos.campaign import Options, Verdict, run
from tests.chaos.plan import Blow
from tests.support.postgresql_server import binaries, why_missing

pytestmark = pytest.mark.skipif(binaries() is None, reason=why_missing())


def told(verdict: Verdict) -> str:
    """Return the findings as a person reads them."""
    return "\n".join(line for finding in verdict.findings for line in finding.lines())


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_payment_happens_exactly_once_on_postgresql() -> None:
    """Whatever is killed, an approved payment is there once, and of every other STATUS tells."""
    verdict = run(Options(seed=20261122, seconds=8.0, connections=16, accounts=60))

    assert verdict.findings == [], told(verdict)
    blows = {struck.strike.blow for struck in verdict.struck}
    assert blows >= {Blow.DAEMON_KILLED, Blow.BACKEND_KILLED, Blow.SERVER_KILLED, Blow.COMMITS_LOST}
    codes = Counter(sending.code for sending in verdict.journal.ended)
    assert codes["0000"] > 50, codes  # the run had teeth
    assert verdict.resolved, codes
