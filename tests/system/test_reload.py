"""SIGHUP: a new configuration is taken over while banks work, or refused while the old one runs on. 重读配置"""

import signal

import pytest

from tests.support.daemon import set_key
from tests.system.checks import ask
from tests.system.messages import DEPOSIT, PAY, QUERY, STATUS, pay, query

WAIT_S = 15.0


def reload(daemon, event="reloaded"):
    """Send SIGHUP and return the line that says what became of it."""
    mark = daemon.mark()
    daemon.signal(signal.SIGHUP)
    return daemon.wait_for_event(lambda line: line["event"] == event, since=mark, timeout_s=WAIT_S)


def bank_file(site, bank_code):
    """Return the file of a bank."""
    (path,) = (site.directory / "banks").glob(f"{bank_code}*.toml")
    return path


def test_limits_change_under_a_connection(fresh_site):
    """A limit that the bank's file sets holds for the next payment on the same connection."""
    daemon, bank, account = fresh_site.daemon.start(), fresh_site.bank(), fresh_site.take("empty")
    assert bank.request(PAY, pay(account.account_no, 700, DEPOSIT)).code == "0000"

    daemon.configure_bank("0102", "limits", single_fen=500)
    line = reload(daemon)

    assert line["changed"] == ["0102"]
    assert bank.request(PAY, pay(account.account_no, 700, DEPOSIT)).code == "2012"
    assert bank.request(PAY, pay(account.account_no, 500, DEPOSIT)).code == "0000"


def test_a_bank_comes_and_goes(fresh_site):
    """A bank whose file is taken away is cut off, the others notice nothing; it comes back with its file."""
    daemon, bank, other = fresh_site.daemon.start(), fresh_site.bank(), fresh_site.bank("0103")
    account = fresh_site.take("empty")
    path = bank_file(fresh_site, "0103")
    text = path.read_text(encoding="utf-8")

    path.unlink()
    assert reload(daemon)["removed"] == ["0103"]
    assert other.until_closed() == []
    assert bank.request(QUERY, query(account.account_no)).code == "0000"

    path.write_text(text, encoding="utf-8")
    assert reload(daemon)["added"] == ["0103"]
    again = fresh_site.bank("0103")
    assert again.request(QUERY, query(account.account_no)).code == "0000"
    assert bank.request(QUERY, query(account.account_no)).code == "0000"


def test_a_bad_file_is_refused_and_the_daemon_runs_on(fresh_site):
    """What is wrong is said with file and key; every setting is as it was."""
    daemon, bank, account = fresh_site.daemon.start(), fresh_site.bank(), fresh_site.take("empty")
    daemon.configure_bank("0102", "limits", single_fen=500)
    path = bank_file(fresh_site, "0104")
    text = path.read_text(encoding="utf-8")
    path.write_text(text + "\nno_such_key = 1\n", encoding="utf-8")

    line = reload(daemon, "reload_refused")

    assert "no_such_key" in line["reason"]
    assert bank.request(PAY, pay(account.account_no, 700, DEPOSIT)).code == "0000"  # nothing of it was taken over

    path.write_text(text, encoding="utf-8")
    reload(daemon)
    assert bank.request(PAY, pay(account.account_no, 700, DEPOSIT)).code == "2012"


@pytest.mark.parametrize(("key", "value"), [("queue_max", "7"), ("batch_max", "3")])
def test_what_needs_a_start_is_refused(fresh_site, key, value):
    """The database's settings are read by a start alone, and the operator is told so."""
    daemon = fresh_site.daemon.start()
    set_key(fresh_site.directory / "fep.toml", "billing", key, value)

    assert f"billing.{key}" in reload(daemon, "reload_refused")["reason"]
    fresh_site.bank()


def test_another_suite_ends_the_connections_of_the_bank(fresh_site):
    """Their keys were made for the old one; a suite without keys for it is refused."""
    daemon, bank = fresh_site.daemon.start(), fresh_site.bank("0103")
    daemon.configure_bank("0103", suite="sm4")

    line = reload(daemon, "reload_refused")

    assert "0103" in line["reason"]
    bank.check_alive()


def test_the_level_of_the_log(fresh_site):
    """Raised to warning, transactions are not logged any more; lowered again, they are."""
    daemon, bank, account = fresh_site.daemon.start(), fresh_site.bank(), fresh_site.take("empty")
    set_key(fresh_site.directory / "fep.toml", "log", "level", '"warning"')
    mark = daemon.mark()
    daemon.signal(signal.SIGHUP)
    while not [line for line in daemon.events(mark) if line["event"] == "reloaded"]:
        bank.check_alive()  # each answered ECHO is a turn of the loop
    quiet = daemon.mark()
    assert ask(bank, QUERY, query(account.account_no)).code == "0000"
    set_key(fresh_site.directory / "fep.toml", "log", "level", '"info"')
    reload(daemon)

    assert [line["event"] for line in daemon.events(quiet)] == ["reloaded"]
    frame = bank.build(STATUS, query(account.account_no))
    bank.exchange(frame)
    daemon.wait_for_event(lambda line: line["event"] == "transaction", since=quiet)


def test_a_reload_amid_payments(fresh_site):
    """Fifty reloads while a bank pays: every payment is answered 0000 and none is lost."""
    daemon, bank, account = fresh_site.daemon.start(), fresh_site.bank(), fresh_site.take("empty")
    for number in range(50):
        if number % 10 == 0:
            daemon.configure_bank("0104", "limits", single_fen=1000 + number)
        daemon.signal(signal.SIGHUP)
        assert bank.request(PAY, pay(account.account_no, 100, DEPOSIT)).code == "0000"
    assert ask(bank, QUERY, query(account.account_no)).code == "0000"
