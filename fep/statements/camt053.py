"""camt.053 账户报表: ISO 20022 BankToCustomerStatement, version ``camt.053.001.08``, of a clearing date.

The account is the utility's at the bank as far as the FEP knows it: what the bank collected for one clearing date. It
opens with nothing, so it closes with what the bank owes for that date, and not with the bank's own balance.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import BinaryIO

from dbgate.records import Movement
from dbgate.reports.account_statements import Turnover
from dbgate.reports.details import Detail
from fep.listings.listing import fep_serial, yuan
from fep.statements.transaction_codes import DOMAIN, transaction_code
from fep.statements.xml_stream import XmlStream, fit

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
CURRENCY = "CNY"
ISSUER = "FEP"
_ZONE = "+08:00"  # Asia/Shanghai, without summer time since 1992
_NAME_CHARACTERS_MAX = 140
_REMARK = "Collections of the clearing date as the FEP posted them; not the balance in the bank's books."


@dataclass(frozen=True, slots=True)
class Statement:
    """One ``Stmt``.

    Attributes:
        statement_id: at most 35 characters, the same whenever it is written again.
        sequence_no: of the bank's clearing dates, from 1.
        bank_name: empty when the configuration does not know the bank.
        account: the utility's account at the bank; empty: it is named by the bank's code.
        turnover: the sums of ``entries``.
        entries: payments and undos in the order of their FEP serials.
    """

    statement_id: str
    sequence_no: int
    bank_code: str
    bank_name: str
    account: str
    day: date
    turnover: Turnover
    entries: Iterable[Detail]


def write_message(
    file: BinaryIO,
    message_id: str,
    created: datetime,
    statements: Iterable[Statement],
    *,
    with_names: bool = False,
    progress: Callable[[int], object] = lambda _: None,
) -> None:
    """Write the message.

    Args:
        file: where it goes.
        message_id: at most 35 characters, the same whenever the message is written again.
        created: naive Asia/Shanghai.
        statements: at least one.
        with_names: name customers.
        progress: called now and then with how many entries were written.
    """
    stream = XmlStream(file)
    with stream.element("Document", xmlns=NAMESPACE), stream.element("BkToCstmrStmt"):
        with stream.element("GrpHdr"):
            stream.text(message_id, "MsgId")
            stream.text(_moment(created), "CreDtTm")
        count = 0
        for statement in statements:
            stream.line()
            with stream.element("Stmt"):
                _write_head(stream, statement, created)
                written = Turnover()
                for entry in statement.entries:
                    stream.line()
                    _write_entry(stream, entry, with_names)
                    written = written.with_row(entry.movement, 1, entry.amount_fen)
                    count += 1
                    if count % 256 == 0:
                        progress(count)
                if written != statement.turnover:  # its head is written, and one snapshot cannot differ from itself
                    raise AssertionError(f"entries of {statement.statement_id} do not add up to its sums")
                stream.line()
                stream.text(_REMARK, "AddtlStmtInf")
    stream.line()
    stream.end()


def _write_head(stream: XmlStream, statement: Statement, created: datetime) -> None:
    stream.text(statement.statement_id, "Id")
    stream.text(str(statement.sequence_no), "ElctrncSeqNb")
    stream.text(_moment(created), "CreDtTm")
    with stream.element("FrToDt"):
        stream.text(_moment(datetime.combine(statement.day, time.min)), "FrDtTm")
        stream.text(_moment(datetime.combine(statement.day, time(23, 59, 59))), "ToDtTm")
    _write_account(stream, statement)
    _write_balance(stream, "OPBD", 0, statement.day)
    _write_balance(stream, "CLBD", statement.turnover.net_fen, statement.day)
    _write_sums(stream, statement.turnover)


def _write_account(stream: XmlStream, statement: Statement) -> None:
    with stream.element("Acct"):
        with stream.element("Id", "Othr"):
            stream.text(statement.account or statement.bank_code, "Id")
            stream.text("BBAN" if statement.account else "", "SchmeNm", "Cd")
            stream.text("" if statement.account else "BANK_CODE", "SchmeNm", "Prtry")
            stream.text("" if statement.account else ISSUER, "Issr")
        stream.text(CURRENCY, "Ccy")
        with stream.element("Svcr", "FinInstnId"):
            stream.text(statement.bank_name[:_NAME_CHARACTERS_MAX], "Nm")
            with stream.element("Othr"):
                stream.text(statement.bank_code, "Id")
                stream.text(ISSUER, "Issr")


def _write_balance(stream: XmlStream, code: str, amount_fen: int, day: date) -> None:
    with stream.element("Bal"):
        stream.text(code, "Tp", "CdOrPrtry", "Cd")
        _write_amount(stream, amount_fen)
        stream.text(_direction(amount_fen), "CdtDbtInd")
        stream.text(day.isoformat(), "Dt", "Dt")


def _write_sums(stream: XmlStream, turnover: Turnover) -> None:
    with stream.element("TxsSummry"):
        with stream.element("TtlNtries"):
            stream.text(str(turnover.credit_count + turnover.debit_count), "NbOfNtries")
            stream.text(yuan(turnover.credit_fen + turnover.debit_fen), "Sum")
            with stream.element("TtlNetNtry"):
                stream.text(yuan(abs(turnover.net_fen)), "Amt")
                stream.text(_direction(turnover.net_fen), "CdtDbtInd")
        for name, count, amount_fen in (
            ("TtlCdtNtries", turnover.credit_count, turnover.credit_fen),
            ("TtlDbtNtries", turnover.debit_count, turnover.debit_fen),
        ):
            with stream.element(name):
                stream.text(str(count), "NbOfNtries")
                stream.text(yuan(amount_fen), "Sum")


def _write_entry(stream: XmlStream, entry: Detail, with_names: bool) -> None:
    is_credit = entry.movement is Movement.PAY
    direction = "CRDT" if is_credit else "DBIT"
    serial = fep_serial(entry.fep_serial) or ""
    day = entry.clearing_date.isoformat()
    with stream.element("Ntry"):
        _write_amount(stream, entry.amount_fen)
        stream.text(direction, "CdtDbtInd")
        stream.text("" if is_credit else "true", "RvslInd")
        stream.text("BOOK", "Sts", "Cd")
        stream.text(day, "BookgDt", "Dt")
        stream.text(day, "ValDt", "Dt")
        stream.text(serial, "AcctSvcrRef")
        _write_code(stream, entry)
        stream.text(f"{entry.channel:02d}", "TechInptChanl", "Prtry")
        with stream.element("NtryDtls", "TxDtls"):
            _write_references(stream, entry, serial)
            _write_amount(stream, entry.amount_fen)
            stream.text(direction, "CdtDbtInd")
            if is_credit:
                _write_parts(stream, entry)
            if with_names:
                stream.text(entry.account_name or "", "RltdPties", "Dbtr", "Pty", "Nm")
            stream.text(entry.account_no, "RmtInf", "Strd", "CdtrRefInf", "Ref")
            stream.text(_moment(entry.created_at), "RltdDts", "AccptncDtTm")


def _write_code(stream: XmlStream, entry: Detail) -> None:
    code = transaction_code(entry)
    with stream.element("BkTxCd"):
        with stream.element("Domn"):
            stream.text(DOMAIN, "Cd")
            with stream.element("Fmly"):
                stream.text(code.family, "Cd")
                stream.text(code.sub_family, "SubFmlyCd")
        with stream.element("Prtry"):
            stream.text(entry.movement.name, "Cd")
            stream.text(ISSUER, "Issr")


def _write_references(stream: XmlStream, entry: Detail, serial: str) -> None:
    """Write by what the bank, the FEP and an operator find the movement again."""
    more = {
        "BANK_DATE": entry.bank_date.strftime("%Y%m%d"),
        "OUTLET": entry.outlet,
        "TELLER": entry.teller,
        "ORIGINAL_BANK_DATE": "" if entry.original_date is None else entry.original_date.strftime("%Y%m%d"),
        "ORIGINAL_BANK_SERIAL": entry.original_serial,
        "MENDS_CLEARING_DATE": "" if entry.mends_date is None else entry.mends_date.strftime("%Y%m%d"),
    }
    with stream.element("Refs"):
        stream.text(serial, "AcctSvcrRef")
        stream.text(entry.bank_serial, "EndToEndId")
        for name, value in more.items():
            if value and fit(value):
                with stream.element("Prtry"):
                    stream.text(name, "Tp")
                    stream.text(value, "Ref")


def _write_parts(stream: XmlStream, entry: Detail) -> None:
    """Write what became of the money; the ledger books each to an account of its own."""
    parts = {
        "PRINCIPAL": entry.principal_fen,
        "LATE_FEE": entry.late_fee_fen,
        "TO_BALANCE": max(0, entry.balance_change_fen),
        "FROM_BALANCE": max(0, -entry.balance_change_fen),
    }
    with stream.element("AmtDtls"):
        for name, amount_fen in parts.items():
            if amount_fen:
                with stream.element("PrtryAmt"):
                    stream.text(name, "Tp")
                    _write_amount(stream, amount_fen)


def _write_amount(stream: XmlStream, amount_fen: int) -> None:
    stream.text(yuan(abs(amount_fen)), "Amt", Ccy=CURRENCY)


def _direction(amount_fen: int) -> str:
    return "CRDT" if amount_fen >= 0 else "DBIT"


def _moment(moment: datetime) -> str:
    """Return a naive moment of Asia/Shanghai with its offset, to the second."""
    return f"{moment.isoformat(timespec='seconds')}{_ZONE}"
