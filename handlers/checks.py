"""Checks 检查 that several transactions share; where each stands in the order is said in ``handlers.catalogue``."""

from collections.abc import Sequence

from dbgate.records import Account, AccountState, Bill, BillState, CollectMode
from handlers.errors import Refusal
from handlers.terms import AMOUNT_CEILING_FEN, Context
from protocol.canonical.messages import Request
from protocol.response_codes import ResponseCode

_BANK_DATE_DAYS_MAX = 1
"""The bank's accounting date may be a day ahead after its own cut-off, or a day behind in its evening run."""


def enabled(request: Request, context: Context) -> None:
    """Refuse a transaction that is not enabled for the bank."""
    if request.transaction not in context.bank.transactions:
        raise Refusal(ResponseCode.INVALID_TRANSACTION)


def in_service(_request: Request, context: Context) -> None:
    """Refuse a suspended bank, and any bank outside its service hours."""
    if context.bank.is_suspended or not context.bank.service_hours.contains(context.moment.now):
        raise Refusal(ResponseCode.OUT_OF_SERVICE)


def bank_date_near(request: Request, context: Context) -> None:
    """Refuse a bank_date more than one day from our calendar date."""
    if abs((request.head.bank_date - context.moment.now.date()).days) > _BANK_DATE_DAYS_MAX:
        raise Refusal(ResponseCode.FORMAT_ERROR)


def payable_account(
    account: Account | None, unsettled: Sequence[Bill], amount_fen: int, channel: int, context: Context
) -> Account:
    """Return ``account`` if a PAY of ``amount_fen`` over ``channel`` may be taken for it.

    This is check 1 of PAY but for its last part, the amount that the teller saw.

    Raises:
        Refusal: for the first reason that applies, in the order of the wire specification.
    """
    limit_fen = context.bank.single_limit_fen.get(channel, context.bank.default_single_limit_fen)
    if not 0 < amount_fen <= min(limit_fen, AMOUNT_CEILING_FEN):
        raise Refusal(ResponseCode.AMOUNT_OUTSIDE_LIMITS)
    if account is None:
        raise Refusal(ResponseCode.ACCOUNT_NOT_FOUND)
    if account.state is not AccountState.ACTIVE:
        raise Refusal(ResponseCode.ACCOUNT_NOT_ACTIVE)
    if account.collect_mode is CollectMode.CARD or account.pay_at_utility:
        raise Refusal(ResponseCode.PAY_AT_UTILITY)
    window = context.rules.pay_windows.get(account.supply_branch)
    if window is not None and not window.contains(context.moment.now):
        raise Refusal(ResponseCode.OUTSIDE_PAY_WINDOW)
    if any(bill.state is BillState.IN_DEBIT for bill in unsettled):
        raise Refusal(ResponseCode.IN_DEBIT_BATCH)
    return account


def is_payable_now(account: Account, unsettled: Sequence[Bill], channel: int, context: Context) -> bool:
    """Tell whether a deposit of 1 fen would be taken, as QUERY's payable_now says."""
    try:
        payable_account(account, unsettled, 1, channel, context)
    except Refusal:
        return False
    return True
