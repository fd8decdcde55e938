"""Debit batches beside other jobs: balances wait for what a bank may be debiting, and the audits agree throughout."""

from tests.fep.commands.conftest import Run
from tests.fep.commands.debit.conftest import DebitSite
from tests.support.debit_files import Answer, debited

NOTHING = "0.00 yuan of balances applied to 0 bills of 0 accounts\n"


def test_balances_wait_for_a_batch(debits: DebitSite, run: Run) -> None:
    """An account with enough is left alone while a batch holds its bill, and settled when it was not debited."""
    debits.load([debits.account(8, balance=9_000)], [debits.bill(8, 1, 8_000)])
    assert debits.give_mandates(*(debits.mandate(number) for number in (1, 8)), day=debits.day + 1).exit_code == 0
    debits.export()
    listed = debits.listed()
    apply, sums = (("balances", "apply", "--config", debits.config), ("audit", "sums", "--config", debits.config))
    assert (run(*apply).out, run(*sums).exit_code) == (NOTHING, 0)
    answers = [debited(row, debits.day, row.row_no) for row in listed.rows[:-1]] + [Answer("01")]
    assert debits.answer(listed, answers).exit_code == 0
    assert run(*sums).exit_code == 0
    assert run(*apply).out == "80.00 yuan of balances applied to 1 bills of 1 accounts\n"
    assert debits.rows("SELECT balance_fen FROM accounts WHERE balance_fen > 50") == [(1_000,)]
    assert run(*sums).exit_code == 0
