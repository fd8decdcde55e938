"""QUERY 欠费查询: an account, what it owes, and whether the bank may take money for it."""

from datetime import date

from dbgate.records import Account, AccountKey
from dbgate.work import Decision, Needs
from dbgate.working_set import WorkingSet
from handlers.answers import approved
from handlers.bank_view import ACCOUNT_STATES, BILL_STATES, COLLECT_MODES
from handlers.checks import is_payable_now
from handlers.dues import Due, dues_on
from handlers.errors import Refusal
from handlers.requests import body_of
from handlers.terms import BankTerms, Context
from protocol.canonical.business import BillRow, QueryReply, QueryRequest
from protocol.canonical.codes import KeyKind
from protocol.canonical.messages import Request
from protocol.response_codes import ResponseCode

_COLUMNS = {KeyKind.METER_NO: "meter_no", KeyKind.PASSBOOK: "passbook"}


def needs(request: Request, _terms: BankTerms, _today: date) -> Needs:
    """Return the accounts that fit the key, with their unsettled bills."""
    body = body_of(request, QueryRequest)
    if body.key_kind is KeyKind.ACCOUNT_NO:
        return Needs(request.head.bank_code, account_no=body.key)
    return Needs(request.head.bank_code, account_key=_key(body))


def decide(request: Request, records: WorkingSet, context: Context) -> Decision:
    """Return account, totals and every unsettled bill; suspended and closed accounts are shown too."""
    body = body_of(request, QueryRequest)
    account = _account(body, records)
    unsettled = records.unsettled_bills(account.account_no)
    dues = dues_on(context.moment.now.date(), unsettled, account.user_class, context.rules.late_fee)
    reply = QueryReply(
        account_no=account.account_no,
        name=account.name,
        address=account.address,
        supply_branch=account.supply_branch,
        account_state=ACCOUNT_STATES[account.state],
        collect_mode=COLLECT_MODES[account.collect_mode],
        payable_now=is_payable_now(account, unsettled, request.head.channel, context),
        balance_fen=account.balance_fen,
        principal_due_fen=dues.principal_fen,
        late_fee_due_fen=dues.late_fee_fen,
        total_due_fen=dues.total_fen,
        payable_fen=dues.payable_fen(account.balance_fen),
        page=body.page,
        rows=tuple([_row(item) for item in dues.items]),
        reference=_reference(request, account, context) if body.wants_reference else None,
    )
    return approved(reply, context)


def _key(body: QueryRequest) -> AccountKey:
    return AccountKey(_COLUMNS[body.key_kind], body.key)


def _account(body: QueryRequest, records: WorkingSet) -> Account:
    """Return the one account that fits; an account number is looked up, other keys are searched for."""
    if body.key_kind is KeyKind.ACCOUNT_NO:
        account = records.account(body.key)
        fitting = [] if account is None else [account]
    else:
        fitting = records.accounts_by(_key(body))
    if not fitting:
        raise Refusal(ResponseCode.ACCOUNT_NOT_FOUND)
    if len(fitting) > 1:
        raise Refusal(ResponseCode.SEVERAL_ACCOUNTS)
    return fitting[0]


def _reference(request: Request, account: Account, context: Context) -> int:
    references = context.rules.query_references
    return references.issue(request.head.bank_code, account.account_no, context.moment.now)


def _row(item: Due) -> BillRow:
    bill, late_fee_fen = item
    return BillRow(
        month=bill.month,
        seq=bill.seq,
        bill_no=bill.bill_no,
        energy_centikwh=bill.energy_centikwh,
        principal_fen=bill.principal_fen,
        late_fee_fen=late_fee_fen,
        due_date=bill.due_date,
        state=BILL_STATES[bill.state],
    )
