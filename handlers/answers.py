"""Answers 应答: how decisions are put, approved or refused."""

from datetime import date

from dbgate.changes import Changes
from dbgate.records import AuditEntry
from dbgate.work import Decision
from handlers.errors import Refusal
from handlers.requests import identity_of
from handlers.terms import Context
from protocol.canonical.business import PayRequest, UndoRequest
from protocol.canonical.messages import Answer, ReplyBody, Request
from protocol.response_codes import ResponseCode


def approved(body: ReplyBody, context: Context) -> Decision:
    """Return the answer to a request that moves no money; nothing changes."""
    return Decision(Answer(ResponseCode.APPROVED, body, clearing_date=context.moment.clearing_date))


def refusal_answer(refusal: Refusal, clearing_date: date | None = None) -> Answer:
    """Return what the bank is told."""
    return Answer(refusal.response_code, None, False, None, clearing_date, refusal.is_short, refusal.detail)


def refused(request: Request, context: Context, refusal: Refusal) -> Decision:
    """Return the refusal of ``request``. Of a money request it leaves a line in the audit trail 审计, else nothing.

    A refusal is not stored under the identity, so that it never blocks a corrected retry.
    """
    answer = refusal_answer(refusal, context.moment.clearing_date)
    if not isinstance(request.body, PayRequest | UndoRequest):
        return Decision(answer)
    head = request.head
    entry = AuditEntry(
        at=context.moment.now,
        identity=identity_of(request),
        transaction=request.transaction.label,
        account_no=request.body.account_no,
        amount_fen=request.body.amount_fen,
        response_code=answer.code.code,
        branch_code=head.branch_code,
        teller_id=head.teller_id,
        channel=head.channel,
    )
    return Decision(answer, Changes(audit=(entry,)))
