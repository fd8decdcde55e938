"""What the debit commands refuse, find and show, and the release by two operators."""

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import NewDatabase
from tests.fep.commands.conftest import Run
from tests.fep.commands.debit.conftest import fill
from tests.support.branch_tables import add_branches
from tests.support.databases import driver_connection
from tests.support.debit_files import Answer, debited, mandate_file, result_file
from tests.support.debit_site import BANK, MONTH, DebitSite, account_no
from tests.support.scripts import made_tree

sqlite = pytest.mark.engine("sqlite")
BATCH = 10_000_000_001


@pytest.fixture
def other_operator(monkeypatch: pytest.MonkeyPatch) -> object:
    """Makes the commands run as somebody else from now on."""
    return lambda uid: monkeypatch.setattr(os, "getuid", lambda: uid)


@sqlite
def test_findings_in_mandates(empty_site: DebitSite) -> None:
    """Rows that cannot be taken are listed with line and account, never a name; the others are taken."""
    site = empty_site
    fill(site)
    assert site.give_mandates(site.mandate(1), site.mandate(2)).exit_code == 0
    rows = [
        site.mandate(3),
        (account_no(99), "甲", "6222", 1),
        site.mandate(4, action=2),
        (account_no(5), "另一人", "6333", 1),
        site.mandate(1, action=2),
    ]
    tomorrow = site.rows("SELECT file_date FROM mandate_files")[0][0] + 1  # a day is a number here
    done = site.give_mandates(*rows, day=tomorrow if tomorrow % 100 <= 28 else site.day)
    assert done.exit_code == 1, done
    assert [line.split("\t")[1:] for line in done.out.splitlines()[1:]] == [
        ["3", "******0099", "no such account"],
        ["4", "******0004", "ends a mandate that is not there"],
        ["5", "******0005", "taken; the name is another than ours"],
    ]
    assert "另一人" not in done.out + done.err
    states = dict(site.rows("SELECT account_no, state FROM mandates"))
    assert states == {account_no(1): "ended", **{account_no(number): "active" for number in (2, 3, 5)}}


@sqlite
def test_mandate_files_again(debits: DebitSite) -> None:
    """The same file changes nothing; another one of the day is refused whole, and one of the far future too."""
    before = debits.rows("SELECT * FROM mandates")
    again = debits.debit("mandates", "--bank", BANK)
    assert (again.exit_code, again.out) == (0, "")
    assert "was loaded before" in again.err
    other = debits.give_mandates(debits.mandate(7))
    assert other.exit_code == 2
    assert "another file of this day has been taken" in other.err
    (debits.incoming / f"WT{BANK}{debits.day}.txt").unlink()
    future = debits.give_mandates(debits.mandate(7), day=20991231)
    assert (future.exit_code, "more than one day ahead" in future.err) == (2, True)
    assert debits.rows("SELECT * FROM mandates") == before
    assert debits.debit("mandates", "--date", "2026-01-01").exit_code == 2


@sqlite
def test_a_mandate_file_that_is_wrong(empty_site: DebitSite) -> None:
    """It is refused whole, by line and field, in both languages."""
    data = mandate_file(BANK, empty_site.day, [(account_no(1), "甲", "6222", 3)])
    empty_site.put(f"WT{BANK}{empty_site.day}.txt", data)
    done = empty_site.debit("mandates")
    assert done.exit_code == 2
    assert "line 2: action: none of the values" in done.err
    chinese = empty_site.debit("mandates", "--lang", "zh")
    assert "第 2 行: action 操作" in chinese.err
    assert empty_site.rows("SELECT * FROM mandate_files") == []


@sqlite
def test_left_out_of_a_list(debits: DebitSite) -> None:
    """Accounts that are suspended or closed, and those with a push under way, but for one that nobody has sent."""
    with driver_connection(debits.urls[0]) as connection:
        connection.execute(f"UPDATE accounts SET state = 'suspended' WHERE account_no = '{account_no(1)}'")
        connection.execute(f"UPDATE accounts SET state = 'closed' WHERE account_no = '{account_no(2)}'")
        for number, state, tries in ((3, "accepted", 1), (4, "waiting", 1), (5, "waiting", 0)):
            columns = "bill_no, account_no, bank_code, state, created_at, due_at, tries, is_reported"
            moment = f"{debits.day}100000000"
            values = f"'P{number}', '{account_no(number)}', '{BANK}', '{state}', {moment}, {moment}, {tries}, 0"
            connection.execute(f"INSERT INTO pushes ({columns}) VALUES ({values})")
    assert debits.export().exit_code == 0
    assert [row.account_no for row in debits.listed().rows] == [account_no(5), account_no(6)]


@sqlite
def test_bills_that_do_not_fit_the_file(debits: DebitSite) -> None:
    """They are named and stay open: exit code 1; the others are listed."""
    debits.load([], [debits.bill(6, 2, 50)])
    with driver_connection(debits.urls[0]) as connection:  # our own loader would not take it: it came by a view
        connection.execute(f"UPDATE bills SET bill_no = '{'N' * 17}' WHERE bill_no = 'N{MONTH}00062'")
    done = debits.export()
    assert done.exit_code == 1
    assert f"bill {'N' * 17} does not fit" in done.err
    assert len(debits.listed().rows) == 7
    # Nothing else is left: no file, and no number of the month is used up.
    for _ in range(2):
        assert debits.export().exit_code == 1
    assert debits.rows("SELECT number_in_month, state FROM debit_batches ORDER BY 1") == [(1, "out"), (2, "preparing")]
    assert [path.name for path in debits.outgoing.iterdir()] == [f"DK{BANK}{MONTH}01.txt"]


@sqlite
def test_release_takes_two(debits: DebitSite, other_operator: object) -> None:
    """Who proposes does not approve; then the bills are free, the list is gone and a result is refused."""
    debits.export()
    listed = debits.listed()
    assert debits.debit("approve", BATCH).exit_code == 2  # nobody has proposed it
    assert debits.debit("release", BATCH, "--reason", " ").exit_code == 2
    other_operator(54321)  # type: ignore[operator]
    assert debits.debit("release", BATCH, "--reason", "the bank lost it").exit_code == 0
    own = debits.debit("approve", BATCH)
    assert own.exit_code == 2
    assert "another operator approves it" in own.err
    assert set(debits.bill_states().values()) == {"open", "in_debit"}
    other_operator(54322)  # type: ignore[operator]
    done = debits.debit("approve", BATCH)
    assert (done.exit_code, done.out) == (0, f"debit batch {BATCH:012d}: released; 7 bills set free\n")
    assert set(debits.bill_states().values()) == {"open"}
    assert list(debits.outgoing.iterdir()) == []
    again = debits.debit("approve", BATCH)
    assert (again.exit_code, "0 bills" in again.out) == (0, True)
    late = debits.answer(listed, [debited(row, debits.day, row.row_no) for row in listed.rows])
    assert (late.exit_code, "was released" in late.err) == (2, True)
    acts = debits.rows(
        "SELECT operator, act, subject, reason FROM operator_acts WHERE act LIKE 'debit_release%' ORDER BY id"
    )
    assert acts == [
        ("uid-54321", "debit_release", f"{BATCH:012d}", "the bank lost it"),
        ("uid-54322", "debit_release_approve", f"{BATCH:012d}", "the bank lost it"),
    ]
    assert debits.debit("release", BATCH, "--reason", "again").exit_code == 2
    # The bills are in a list again; the refused result lies there still and keeps no other waiting.
    assert debits.export().exit_code == 0
    second = debits.listed(2)
    assert len(second.rows) == 7
    debits.put(f"DKR{BANK}{MONTH}02.txt", result_file(second, [Answer("01")] * 7))
    both = debits.debit("import", "--bank", BANK)
    assert (both.exit_code, "was released" in both.err) == (2, True)
    assert debits.rows("SELECT state FROM debit_batches ORDER BY number_in_month") == [("released",), ("back",)]


@sqlite
def test_release_of_what_came_back_by_half(debits: DebitSite, other_operator: object) -> None:
    """What was posted stays; only rows that are still listed are freed."""
    debits.export()
    listed = debits.listed()
    first = [debited(row, debits.day, row.row_no) for row in listed.rows]
    with driver_connection(debits.urls[0]) as connection:
        # Somebody else's payment has the serial of the last row.
        columns = (
            "bank_code, bank_date, bank_serial, fep_serial, movement, state, account_no, amount_fen,"
            " settled_principal_fen, settled_late_fee_fen, balance_change_fen, balance_after_fen, due_after_fen,"
            " settled_count, channel, clearing_date, created_at"
        )
        values = (
            f"'{BANK}', {debits.day}, '000000000007', 1, 'open', 'posted', '{account_no(7)}', 0,"
            f" 0, 0, 0, 0, 0, 0, 1, {debits.day}, {debits.day}100000000"
        )
        connection.execute(f"INSERT INTO payments ({columns}) VALUES ({values})")
    assert debits.answer(listed, first).exit_code == 1
    other_operator(54321)  # type: ignore[operator]
    assert debits.debit("release", BATCH, "--reason", "no corrected file").exit_code == 0
    other_operator(54322)  # type: ignore[operator]
    assert "1 bills set free" in debits.debit("approve", BATCH).out
    states = dict(debits.rows("SELECT row_no, state FROM debit_rows"))
    assert states == {**dict.fromkeys(range(1, 7), "settled"), 7: "released"}
    debits.check_books()


@sqlite
def test_list_and_show(debits: DebitSite) -> None:
    """A batch, what became of its rows, and each row; as CSV too; no names."""
    debits.export()
    rows = debits.listed().rows
    debits.answer(debits.listed(), [debited(row, debits.day, row.row_no) for row in rows[:6]] + [Answer("02")])
    shown = debits.debit("show", BATCH)
    batch, sums, listed = shown.out.split("\n\n")
    assert batch.splitlines()[1].split("\t")[:10] == [
        *("010000000001", BANK, "2026-10", "1", "back", f"{debits.day}"[:4] + shown_day(debits)[4:], "7", "211.20"),
        *("6", "151.20"),
    ]
    assert "not debited\taccount wrong\t1\t60.00\t0.00" in sums
    assert len(listed.splitlines()) == 1 + 7
    assert "用户" not in shown.out
    path = debits.directory / "batches.csv"
    assert debits.debit("list", "--bank", BANK, "--month", "2026-10", "--state", "back", "--csv", path).exit_code == 0
    assert len(path.read_text("utf-8-sig").splitlines()) == 2
    assert len(debits.debit("list", "--state", "out").out.splitlines()) == 1
    assert "已回盘" in debits.debit("list", "--lang", "zh").out
    assert debits.debit("show", 12).exit_code == 2


def shown_day(site: DebitSite) -> str:
    text = str(site.day)
    return f"{text[:4]}-{text[4:6]}-{text[6:]}"


@sqlite
def test_one_command_at_a_time(debits: DebitSite) -> None:
    """While another debit command of the bank is at work nothing is begun: exit code 3."""
    path = debits.directory / "files" / BANK / ".debit.lock"
    with path.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = debits.export()
    assert (done.exit_code, "another debit command" in done.err) == (3, True)
    assert debits.rows("SELECT * FROM debit_batches") == []
    assert debits.export().exit_code == 0


@sqlite
@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("export", "--bank", "9999", "--month", MONTH), "9999 is no bank of"),
        (("export", "--bank", BANK), "--month"),
        (("export", "--bank", BANK, "--month", "2026-13"), "not a month"),
        (("import", "--bank", BANK, "--file", "DKR010220261009.txt"), "there is no such file"),
        (("release", 5, "--reason", "why"), "there is no debit batch 5"),
        (("approve", 5), "there is no debit batch 5"),
        (("release", 5), "--reason"),
        (("mandates", "--bank", "9999"), "9999 is no bank of"),
    ],
)
def test_bad_input(empty_site: DebitSite, words: tuple[object, ...], why: str) -> None:
    """Exit code 2, with what is wrong."""
    done = empty_site.debit(*words)
    assert (done.exit_code, why in done.err) == (2, True), done


@sqlite
@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda rows, day: [debited(row, day, 1) for row in rows], "debit date and serial of line 2 again"),
        (lambda rows, day: [debited(row, 20200101, row.row_no) for row in rows], "debit_date is not between"),
        (lambda rows, day: [debited(row, 20991231, row.row_no) for row in rows], "debit_date is not between"),
        (lambda rows, day: [debited(row, day, row.row_no, 10**13 + 1) for row in rows], "above any limit"),
        (lambda rows, day: [Answer("01", 5) for _ in rows], "debited"),
    ],
)
def test_results_that_are_refused(debits: DebitSite, change: object, why: str) -> None:
    """Nothing of them is posted."""
    debits.export()
    listed = debits.listed()
    done = debits.answer(listed, change(listed.rows, debits.day))  # type: ignore[operator]
    assert (done.exit_code, why in done.err) == (2, True), done
    assert debits.rows(f"SELECT * FROM payments WHERE bank_code = '{BANK}'") == []
    assert set(debits.rows("SELECT state FROM debit_rows")) == {("listed",)}


@sqlite
def test_results_of_other_batches(debits: DebitSite) -> None:
    """A result under another batch's name is not taken for its own, and one of no batch is named."""
    debits.export()
    listed = debits.listed()
    data = result_file(listed, [Answer("01")] * 7)
    debits.load([], [debits.bill(3, 2, 900)])
    debits.export()
    for name, why in (("02", "is not that of debit batch"), ("09", "there is no debit batch 09 of 202610")):
        path = debits.directory / f"DKR{BANK}{MONTH}{name}.txt"
        path.write_bytes(data)
        done = debits.debit("import", "--bank", BANK, "--file", path)
        assert (done.exit_code, why in done.err) == (2, True), done
    missing = result_file(listed, [Answer("01")] * 7, order=[0, 1, 2, 3, 4, 5, 5])
    debits.put(f"DKR{BANK}{MONTH}01.txt", missing)
    done = debits.debit("import", "--bank", BANK)
    assert done.exit_code == 2


def test_several_databases(run: Run, tmp_path: Path, new_database_url: NewDatabase) -> None:
    """Rows are numbered over all of them in one order, and each is posted where its account is."""
    with new_database_url() as first, new_database_url() as second:
        directory = tmp_path / "site"
        assert run("init", directory, "--demo", "--accounts", 1, "--database", first).exit_code == 0
        # Odd accounts in one database and even ones in the other: the list goes to and fro.
        odd, even = ([f"0200000{n:03d}" for n in range(begin, 8, 2)] for begin in (1, 2))
        add_branches(directory, ["01", *odd], {"county": (2, second, even)})
        site = DebitSite(directory, [first, second], run)
        fill(site)
        assert site.give_mandates(*(site.mandate(number) for number in range(1, 8))).exit_code == 0
        assert site.export().exit_code == 0
        listed = site.listed()
        assert [row.account_no for row in listed.rows] == [account_no(n) for n in (1, 1, 2, 3, 4, 5, 6, 7)]
        answers = [debited(row, site.day, row.row_no) for row in listed.rows[:-1]] + [Answer("01")]
        assert site.answer(listed, answers, order=list(range(7, -1, -1))).exit_code == 0
        assert site.batch() == ("back", 8, 28_120, 7, 21_120)
        posted = site.rows("SELECT fep_serial FROM debit_rows WHERE state = 'settled'")
        assert sorted(int(row[0]) // 10**10 for row in posted) == [1, 1, 1, 1, 2, 2, 2]
        site.check_books()


@sqlite
@pytest.mark.parametrize("name", ["debit_export", "debit_import"])
def test_scripts(name: str, debits: DebitSite, tmp_path: Path) -> None:
    """The scripts call the commands, from any directory, with paths as the caller has them."""
    month = ["--month", str(MONTH)] if name == "debit_export" else []
    done = subprocess.run(
        [made_tree(tmp_path / "tree") / "scripts" / name, "--config", "fep.toml", "--bank", BANK, *month],
        cwd=debits.directory,
        env={**os.environ, "FEP_LANG": "en"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (f"DK{BANK}{MONTH}01.txt" if month else "no debit result") in done.stderr
