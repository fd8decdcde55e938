"""The widest identity, account and node that any bank format has are stored and found again, on every engine."""

from dataclasses import replace

from protocol.canonical.business import UndoReply
from protocol.canonical.codes import PayMode, UndoOutcome
from protocol.response_codes import ResponseCode
from tests.conftest import NewDatabase
from tests.support.databases import open_database
from tests.support.ledger import Utility
from tests.support.records import account, bill, cancel_request, pay_request, terms
from tests.support.sql_ledger import SqlLedger, clock

ACCOUNT = "A" * 31 + "1"
SERIALS = ("S" * 31 + "1", "S" * 31 + "2")
BANK = "123456789012"
UTILITY = Utility((account(ACCOUNT, meter_no="M1"),), (bill("B" * 16, 10_000, account_no=ACCOUNT),))


def test_the_widest_identity(new_database_url: NewDatabase) -> None:
    """Accounts and serials of 32 characters and a bank of 12: told apart by their last one, and repeated as such."""
    with new_database_url() as url:
        ledger = SqlLedger(open_database(url, clock), UTILITY)
        try:
            _check(ledger)
        finally:
            ledger.close()


def _check(ledger: SqlLedger) -> None:
    bank = terms(bank_code=BANK)
    asked = (pay_request(10_000, PayMode.SETTLE, ACCOUNT), pay_request(700, PayMode.DEPOSIT, ACCOUNT))
    first, other = (
        replace(request, head=replace(request.head, bank_code=BANK, bank_serial=serial))
        for serial, request in zip(SERIALS, asked, strict=True)
    )
    paid, deposited, again = (ledger.submit([(request, bank)])[0] for request in (first, other, first))
    assert (paid.code, deposited.code, again.repeat) == (ResponseCode.APPROVED, ResponseCode.APPROVED, True)
    assert paid.fep_serial == again.fep_serial != deposited.fep_serial

    cancel = cancel_request(1, 700, account_no=ACCOUNT)
    cancel = replace(
        cancel,
        head=replace(cancel.head, bank_code=BANK, bank_serial="C" * 32),
        body=replace(cancel.body, original_serial=SERIALS[1]),  # type: ignore[type-var]  # it is an undo's
    )
    [undone] = ledger.submit([(cancel, bank)])
    assert isinstance(undone.body, UndoReply)
    assert (undone.body.outcome, undone.body.original_fep_serial) == (UndoOutcome.UNDONE, deposited.fep_serial)
    assert {row.identity.bank_serial for row in ledger.journal()} == {*SERIALS, "C" * 32}
    assert ledger.account(ACCOUNT).balance_fen == 0
