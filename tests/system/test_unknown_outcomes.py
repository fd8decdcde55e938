"""A COMMIT whose answer is lost is unknown, in each format's words; the repeat tells what became of it. 结果未知"""

import time
import tomllib

import pytest

from tests.support.tcp_proxy import AtCommit, TcpProxy
from tests.system.tellers.bank import ON_ONE_SITE, Bank, start
from tests.system.tellers.teller import UNDONE, UNKNOWN

DB_TIMEOUT_S = 2
# What a lane may take to notice that the server says nothing, and the breaker to look again.
HEAL_S = 20.0


@pytest.fixture(scope="module")
def site(make_site, secrets):
    """A site whose daemon reaches its database through a proxy, with a bank of each format."""
    site = make_site()
    path = site.directory / "fep.toml"
    text = path.read_text(encoding="utf-8")
    url = tomllib.loads(text)["billing"]["database"][0]["url"]
    with TcpProxy(url) as site.proxy:
        path.write_text(text.replace(url, site.proxy.url), encoding="utf-8")
        site.daemon.configure("billing", db_timeout=DB_TIMEOUT_S)
        site.banks = {name: Bank(site, bank_format) for name, bank_format in ON_ONE_SITE.items()}
        start(site)
        teller, account = site.banks["standard"].teller(), site.take("owing")
        # The first payment of a daemon has a COMMIT before its own: that of the serials it draws.
        assert teller.ask(teller.settle(teller.query(account.account_no))).is_approved
        yield site
        site.proxy.forward()
        for bank in site.banks.values():
            bank.hang_up()
        site.close(secrets)


@pytest.fixture
def proxy(site):
    """The proxy, which forwards again when the test has ended."""
    yield site.proxy
    site.proxy.forward()


@pytest.mark.parametrize("name", ON_ONE_SITE)
def test_an_outcome_that_nobody_knows(site, proxy, name):
    """Unknown is never told as "not done"; once the database is back the repeat is approved, and an undo undoes it."""
    bank, account = site.banks[name], site.take("owing")
    teller = bank.teller()
    payment = teller.settle(teller.query(account.account_no))
    proxy.at_commit(AtCommit.HOLD_ANSWER)

    outcome = teller.ask(payment)

    assert proxy.acted.is_set()
    assert outcome.means == {"9002"}
    if name == "elec02":
        assert outcome == UNKNOWN  # nothing was sent: the sheet has no word for it
    proxy.forward()
    told = asked_until_known(teller, payment)
    assert told.means == {"0000"}
    assert teller.query(account.account_no).payable_fen == 0
    assert UNDONE in teller.ask(teller.reverse(payment)).means
    assert teller.query(account.account_no).payable_fen == account.payable


def asked_until_known(teller, payment):
    """Send a payment again until the database is back, and return what is told then."""
    deadline = time.monotonic() + HEAL_S
    while (outcome := teller.ask(payment)).means & {"9001", "9002"}:
        assert time.monotonic() < deadline, "the daemon does not heal"
        time.sleep(0.1)
    return outcome
