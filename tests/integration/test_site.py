"""The commands and the daemon over a utility's own tables: checks, upgrades, loading, ways in. 命令行与升级"""

import psycopg

from tests.integration.conftest import PASSWORD, run_file
from tests.integration.utility import Bill
from tests.support.daemon import done, fep
from tests.support.raw_bank import new_serial
from tests.system.checks import ask
from tests.system.messages import (
    CANCEL,
    CONSUMPTION,
    DEPOSIT,
    INVOICE,
    PAY,
    PAYMENTS,
    QUERY,
    invoice,
    pay,
    query,
    records,
    undo,
)

ACCOUNTS = """account_no,name,address,meter_no,passbook,supply_branch,user_class,collect_mode,state,balance
0299800001,集成测试户,示范路1号,,,JC0201,residential,counter,active,0
"""
BILLS = """bill_no,account_no,month,seq,energy,previous_reading,this_reading,principal,due_date
YSLOAD0001,0000000007,202609,1,100,0,100,5300,20261025
"""


def test_the_commands_see_the_right_tables(site, tmp_path):
    """check-config is content as the daemons' role; an upgrade works as the owner; fep load is refused to both."""
    accounts, bills = tmp_path / "accounts.csv", tmp_path / "bills.csv"
    accounts.write_text(ACCOUNTS, encoding="utf-8")
    bills.write_text(BILLS, encoding="utf-8")

    done(fep("check-config", "--config", site.config))
    done(fep("db", "upgrade", "--config", site.owner_config))
    loads = [fep("load", path, "--config", site.config) for path in (accounts, bills)]
    loads.append(fep("load", accounts, "--config", site.owner_config))

    assert [(load.returncode, "Traceback" in load.stderr) for load in loads] == [(3, False)] * 3
    assert site.utility.execute("SELECT (SELECT count(*) FROM fep.accounts), (SELECT count(*) FROM fep.bills)") == [
        (0, 0)
    ]
    assert site.utility.execute("SELECT count(*) FROM yx.yx_khda WHERE yhbh = '0299800001'") == [(0,)]
    assert site.utility.execute("SELECT count(*) FROM yx.yx_ysdz WHERE ysdh = 'YSLOAD0001'") == [(0,)]


def test_an_account_that_is_there_in_other_words_is_a_bad_row(site, tmp_path):
    """A file of it is refused before anything is tried, with exit code 2."""
    customer = site.utility.enrol(Bill())
    path = tmp_path / "accounts.csv"
    path.write_text(ACCOUNTS.replace("0299800001", customer.yhbh), encoding="utf-8")

    load = fep("load", path, "--config", site.config)

    assert (load.returncode, "Traceback" in load.stderr) == (2, False)


def test_the_second_database_of_a_server_is_prepared_alike(server, site, tmp_path):
    """The roles are there already; each database has search paths of its own, and others are left alone."""
    with server.connect() as connection:
        connection.execute("CREATE DATABASE second_branch")
        connection.execute("CREATE DATABASE of_others")
    for _ in range(2):
        with server.connect("second_branch") as connection:
            run_file(connection, "postgresql_roles.sql")
    paths = {}
    for database in ("second_branch", "of_others"):
        for role in ("fep_owner", "fep"):
            conninfo = f"host=127.0.0.1 port={server.port} dbname={database} user={role} password={PASSWORD}"
            with psycopg.connect(conninfo) as connection:
                paths[database, role] = connection.execute("SHOW search_path").fetchone()[0]

    assert paths == {
        ("second_branch", "fep_owner"): "fep",
        ("second_branch", "fep"): "fep_books, fep",
        ("of_others", "fep_owner"): '"$user", public',
        ("of_others", "fep"): '"$user", public',
    }


def test_a_site_is_made_as_the_owner(server, tmp_path):
    """fep init as the owner's role makes the FEP's own tables in its schema, where no view is met."""
    server.create_database("made_by_init")
    with server.connect("made_by_init") as connection:
        run_file(connection, "postgresql_roles.sql")
    url = server.url("made_by_init", user="fep_owner", password=PASSWORD)

    done(fep("init", tmp_path / "site", "--database", url))

    with server.connect("made_by_init") as connection:
        found = connection.execute("SELECT to_regclass('fep.payments') IS NOT NULL, to_regclass('public.payments')")
        assert found.fetchone() == (True, None)


def test_what_operators_look_at(site):
    """Each question of checks.sql can be asked."""
    with site.utility.program() as operator:
        run_file(operator, "checks.sql")


def test_no_request_reads_a_whole_table(fresh_site):
    """Whatever statements the gate and the triggers send: none scans customers, balances or receivables."""
    site = fresh_site
    site.start()
    bank = site.bank()
    customers = [site.utility.enrol(Bill(), Bill(), dkzh=f"62270000{number}") for number in range(20)]
    for customer in customers:
        serial = new_serial()
        ask(bank, QUERY, query(customer.yhbh))
        ask(bank, QUERY, query(f"JM{customer.yhbh[-6:].zfill(8)}", 2))
        ask(bank, PAY, pay(customer.yhbh, 10_000, DEPOSIT), serial=serial)
        ask(bank, INVOICE, invoice(customer.yhbh, serial))
        ask(bank, PAYMENTS, records(customer.yhbh))
        ask(bank, CONSUMPTION, records(customer.yhbh))
        ask(bank, CANCEL, undo(customer.yhbh, 10_000, serial))
    requests = [bank.build(PAY, pay(customer.yhbh, customer.payable)) for customer in customers]
    assert {frame.code for frame in bank.replies(requests)} == {"0000"}
    site.close()

    scans = site.utility.execute(
        "SELECT relname, seq_scan, idx_scan > 20 FROM pg_stat_user_tables WHERE schemaname = 'yx' ORDER BY relname"
    )
    assert scans == [("yx_khda", 0, True), ("yx_ysdz", 0, True), ("yx_yszh", 0, True)]
