"""Mandates 代扣协议: what one row of a bank's mandate file changes, and what an operator should know of it."""

from collections.abc import Callable
from datetime import date
from enum import Enum

from dbgate.books.records import Mandate
from dbgate.books.states import MandateState
from dbgate.changes import NOTHING, Changes
from dbgate.records import AccountState
from dbgate.work import Decision, Moment, Needs
from dbgate.working_set import WorkingSet
from protocol.files.canonical import MandateAction, MandateRow

AsWritten = Callable[[str], str]
"""A name as the bank's file has it, which may have cut it."""


class Finding(Enum):
    """What is wrong with a row; all but the last one leave the mandate as it was."""

    NO_ACCOUNT = "no_account"
    ACCOUNT_CLOSED = "account_closed"
    OTHER_BANK = "other_bank"  # has an active mandate at another bank
    NO_MANDATE = "no_mandate"  # ends what is not there
    OUTDATED = "outdated"  # a later file has said something of it already
    NAME_DIFFERS = "name_differs"  # taken all the same


def needs(bank_code: str, row: MandateRow) -> Needs:
    """Return the account and its mandate."""
    return Needs(bank_code, account_no=row.account_no, mandate=True)


def decide(
    bank_code: str, file_date: date, row: MandateRow, as_written: AsWritten, records: WorkingSet, moment: Moment
) -> Decision:
    """Return the mandate as it is after ``row``; answers the finding or None.

    Repeating the rows of a file in their order changes nothing, whatever of it has been done before.
    """
    mandate = records.books.mandate(row.account_no)
    finding = _refused(bank_code, file_date, row, mandate, records)
    if finding is not None:
        return Decision(finding)
    if row.action is MandateAction.END:
        return _end(bank_code, file_date, mandate, moment)
    account = records.account(row.account_no)
    name_differs = account is not None and bool(row.name) and row.name != as_written(account.name)
    now = Mandate(row.account_no, bank_code, row.name, row.passbook, MandateState.ACTIVE, file_date, moment.now)
    return Decision(Finding.NAME_DIFFERS if name_differs else None, _changes(mandate, now))


def _refused(
    bank_code: str, file_date: date, row: MandateRow, mandate: Mandate | None, records: WorkingSet
) -> Finding | None:
    """Return why a row is not taken."""
    is_own = mandate is not None and mandate.bank_code == bank_code
    if row.action is MandateAction.END and not is_own:
        return Finding.NO_MANDATE
    if mandate is not None and not is_own and mandate.state is MandateState.ACTIVE:
        return Finding.OTHER_BANK
    if mandate is not None and is_own and mandate.file_date > file_date:
        return Finding.OUTDATED
    if row.action is MandateAction.END:
        return None
    account = records.account(row.account_no)
    if account is None:
        return Finding.NO_ACCOUNT
    return Finding.ACCOUNT_CLOSED if account.state is AccountState.CLOSED else None


def _end(bank_code: str, file_date: date, mandate: Mandate | None, moment: Moment) -> Decision:
    assert mandate is not None, "a row that ends nothing was refused"
    if mandate.state is MandateState.ENDED and mandate.file_date < file_date:
        return Decision(Finding.NO_MANDATE)  # ended by an earlier file; of this one it is a repeat
    ended = Mandate(
        mandate.account_no,
        bank_code,
        mandate.name,
        mandate.passbook,
        MandateState.ENDED,
        file_date,
        moment.now,
    )
    return Decision(None, _changes(mandate, ended))


def _changes(before: Mandate | None, now: Mandate) -> Changes:
    """Return the change, none when only the moment would be another."""
    if before is not None and _said(before) == _said(now):
        return NOTHING
    return Changes(mandates=(now,))


def _said(mandate: Mandate) -> tuple[object, ...]:
    return mandate.bank_code, mandate.name, mandate.passbook, mandate.state, mandate.file_date
