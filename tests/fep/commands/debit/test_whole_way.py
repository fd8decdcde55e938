"""Lists out and results back as operators run them: what is held, posted, freed and said, on each engine."""

import errno
from typing import Any

import pytest

from fep.debits import results
from fep.files.folders import BankFolder
from tests.fep.commands.debit.conftest import DebitSite
from tests.support.debit_files import Answer, debited, result_file, with_row
from tests.support.debit_site import BANK, DEBIT_ROWS, MONTH, account_no

PAYMENTS = "SELECT * FROM payments ORDER BY fep_serial"


def test_out(debits: DebitSite) -> None:
    """The list has every open bill of the month of the bank's accounts, oldest first, with the late fee of today."""
    done = debits.export()
    assert done.exit_code == 0, done
    listed = debits.listed()
    assert [row.said for row in listed.rows] == [
        (account_no(1), "N20261000011", 1000, 0),
        (account_no(1), "N20261000012", 60, 60),
        *((account_no(number), f"N202610{number:04d}1", 1000 * number, 0) for number in range(2, 7)),
    ]
    assert (listed.rows[0].name, listed.rows[0].passbook, listed.rows[0].month) == ("用户1", "6222000001", 202610)
    assert debits.batch() == ("out", 7, 21_120, 0, 0)
    states = debits.bill_states()
    assert [bill for bill, state in states.items() if state == "open"] == ["N20260900021", "N20261000071"]
    assert set(states.values()) == {"open", "in_debit"}
    # What stands in the batch's rows is what the file says.
    assert len(debits.rows("SELECT bill_no FROM debit_rows WHERE row_no IS NOT NULL AND state = 'listed'")) == 7


def test_out_again_lists_only_what_is_new(debits: DebitSite) -> None:
    """A bill is in one batch; the next batch of the month has another number and holds what was issued since."""
    assert debits.export().exit_code == 0
    nothing = debits.export()
    assert (nothing.exit_code, nothing.err) == (0, f"{BANK} 2026-10: no bill to list\n")
    assert [path.name for path in debits.outgoing.iterdir()] == ["DK010220261001.txt"]
    debits.load([], [debits.bill(3, 2, 900)])
    assert debits.export().exit_code == 0
    assert [row.said for row in debits.listed(2).rows] == [(account_no(3), "N20261000032", 900, 0)]


@pytest.mark.engine("sqlite")
def test_no_bill_joins_a_batch_that_is_numbered(debits: DebitSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its file may have been written, and fetched, before the command was stopped: the next run writes the same one."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    with monkeypatch.context() as disk:
        disk.setattr(BankFolder, "publish", full)
        assert debits.export().exit_code == 3
    assert debits.batch()[:3] == ("preparing", 7, 21_120)
    debits.load([], [debits.bill(3, 2, 900)])
    assert debits.export().exit_code == 0
    assert len(debits.listed().rows) == 7
    assert debits.bill_states()["N20261000032"] == "open"


def test_back(debits: DebitSite) -> None:
    """Debited rows settle their bills and nothing else, the others are open again; the day's totals have them."""
    debits.export()
    listed = debits.listed()
    answers = [debited(row, debits.day, row.row_no) for row in listed.rows[:5]] + [Answer("01"), Answer("99")]
    # Banks return rows in the order that they like.
    done = debits.answer(listed, answers, order=[6, 5, 0, 1, 3, 2, 4])
    assert done.exit_code == 0, done
    sums, _, rows = done.out.partition("\n\n")
    assert sums.splitlines() == [
        "state\tresult\trows\tlisted\tdebited",
        "settled\tdebited\t5\t101.20\t101.20",
        "not debited\tbalance short\t1\t50.00\t0.00",
        "not debited\tother\t1\t60.00\t0.00",
        "total\t\t7\t211.20\t101.20",
    ]
    assert [line.split("\t")[:2] for line in rows.splitlines()[1:]] == [["6", "******0005"], ["7", "******0006"]]
    states = debits.bill_states()
    assert [bill for bill, state in states.items() if state == "open"] == [
        "N20260900021",
        "N20261000051",
        "N20261000061",
        "N20261000071",
    ]
    assert "in_debit" not in states.values()
    assert debits.batch() == ("back", 7, 21_120, 5, 10_120)
    posted = debits.rows(
        "SELECT bank_serial, account_no, amount_fen, settled_principal_fen, settled_late_fee_fen, balance_change_fen,"
        " channel, instrument, movement, due_after_fen FROM payments WHERE bank_code = '0102' ORDER BY bank_serial"
    )
    assert posted[0] == ("000000000001", account_no(1), 1000, 1000, 0, 0, 10, 2, "pay", 120)
    assert posted[1] == ("000000000002", account_no(1), 120, 60, 60, 0, 10, 2, "pay", 0)
    # The balance of account 2 is left alone, and its bill of September, which costs no late fee, is still due.
    assert posted[2] == ("000000000003", account_no(2), 2000, 2000, 0, 0, 10, 2, "pay", 700)
    assert len(posted) == 5
    debits.check_books()


def test_back_again_changes_nothing(debits: DebitSite) -> None:
    """The same file may come as often as it likes; another one for a batch that is back is refused."""
    debits.export()
    listed = debits.listed()
    answers = [debited(row, debits.day, row.row_no) for row in listed.rows]
    assert debits.answer(listed, answers).exit_code == 0
    before = debits.rows(PAYMENTS), debits.rows("SELECT * FROM debit_rows")
    again = debits.debit("import", "--bank", BANK)
    assert (again.exit_code, again.err) == (0, "DKR010220261001.txt: was posted before\n")
    assert before == (
        debits.rows(PAYMENTS),
        debits.rows("SELECT * FROM debit_rows"),
    )
    other = debits.answer(listed, [*answers[:-1], Answer("01")])
    assert other.exit_code == 2
    assert "another result of debit batch" in other.err
    assert before[0] == debits.rows(PAYMENTS)


def test_money_that_settles_no_bill_goes_to_the_balance(debits: DebitSite) -> None:
    """Another amount than listed, more or less: all of it is the customer's, his bill is open again, and it is said."""
    debits.export()
    listed = debits.listed()
    answers = [debited(row, debits.day, row.row_no) for row in listed.rows]
    answers[0] = debited(listed.rows[0], debits.day, 1, 999)
    answers[2] = debited(listed.rows[2], debits.day, 3, 2001)
    done = debits.answer(listed, answers)
    assert done.exit_code == 1
    assert done.out.count("another amount than listed") == 2
    balances = dict(debits.rows("SELECT account_no, balance_fen FROM accounts WHERE balance_fen <> 0"))
    assert (balances[account_no(1)], balances[account_no(2)]) == (999, 2051)
    assert debits.bill_states()["N20261000011"] == debits.bill_states()["N20261000021"] == "open"
    assert debits.batch()[0] == "back"
    debits.check_books()


def test_identity_of_another_payment(debits: DebitSite) -> None:
    """A debit under another payment's date and serial is not posted: the batch stays out until it is corrected."""
    debits.export()
    listed = debits.listed()
    answers = [debited(row, debits.day, row.row_no) for row in listed.rows]
    assert debits.answer(listed, answers[:1] + [Answer("01")] * 6).exit_code == 0
    # The refused bills of the first batch are those of the second; its first row has the serial of the first debit.
    assert debits.export().exit_code == 0
    second = debits.listed(2)
    repeated = [debited(row, debits.day, row.row_no) for row in second.rows]
    name = f"DKR{BANK}20261002.txt"
    debits.put(name, result_file(second, repeated))
    done = debits.debit("import", "--bank", BANK, "--file", name)
    assert done.exit_code == 1
    assert "date and serial are another payment's" in done.out
    assert "stays out" in done.err
    by_bill = {bill: state for bill, state, _ in debits.rows(DEBIT_ROWS)}
    assert by_bill["N20261000012"] == "listed"
    assert debits.bill_states()["N20261000012"] == "in_debit"
    # Corrected, only what was not posted is posted; what was posted must be said again as it was.
    corrected = [debited(second.rows[0], debits.day, 99), *repeated[1:]]
    debits.put(name, result_file(second, [*corrected[:-1], Answer("01")]))
    refused = debits.debit("import", "--bank", BANK, "--file", name)
    assert refused.exit_code == 2
    assert "another result of this row has been posted" in refused.err
    debits.put(name, result_file(second, corrected))
    assert debits.debit("import", "--bank", BANK, "--file", name).exit_code == 0
    assert debits.bill_states()["N20261000012"] == "settled"
    debits.check_books()


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(
    ("begin", "changed", "field"),
    [
        (1, b"00000009", "row 1 of the list is missing"),
        (9, b"0200000002", "line 2: account_no: another than expected"),
        (25, "用户9".encode("gb18030"), "line 2: name: another than expected"),
        (89, b"7", "line 2: passbook: another than expected"),
        (127, b"03", "line 2: seq: another than expected"),
        (129, b"M", "line 2: bill_no: another than expected"),
    ],
)
def test_a_result_that_is_not_as_listed(debits: DebitSite, begin: int, changed: bytes, field: str) -> None:
    """One row that differs refuses the whole file, with its line and field and without what stands there."""
    debits.export()
    listed = debits.listed()
    changed_list = with_row(listed, 0, begin, changed)
    done = debits.answer(changed_list, [debited(row, debits.day, row.row_no) for row in listed.rows])
    assert done.exit_code == 2
    assert field in done.err
    assert done.err.endswith("nothing was posted\n")
    assert "用户" not in done.err
    assert set(debits.rows("SELECT state FROM debit_rows")) == {("listed",)}
    assert debits.rows("SELECT * FROM payments WHERE bank_code = '0102'") == []


def test_a_result_that_is_replaced_while_it_is_looked_at(debits: DebitSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is posted is what was asked about: another file in its place is refused, however good it is."""
    debits.export()
    listed = debits.listed()
    answers = [debited(row, debits.day, row.row_no) for row in listed.rows]
    other = result_file(listed, [Answer("01") for _ in listed.rows])
    batch_of = results._batch_of

    def replaced(*words: Any) -> Any:
        (debits.incoming / f"DKR{BANK}{MONTH}01.txt").write_bytes(other)
        return batch_of(*words)

    monkeypatch.setattr(results, "_batch_of", replaced)
    refused = debits.answer(listed, answers)
    assert (refused.exit_code, "the file is being changed; nothing was posted" in refused.err) == (2, True)
    assert {state for _, state, _ in debits.rows(DEBIT_ROWS)} == {"listed"}
    monkeypatch.undo()
    assert debits.answer(listed, answers).exit_code == 0
