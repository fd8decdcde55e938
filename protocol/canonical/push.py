"""Push 实时划拨: bodies of what the FEP asks a bank to debit, and what came of it."""

from dataclasses import field
from datetime import date

from protocol.canonical.business import Due
from protocol.canonical.codes import PushOutcome
from protocol.record import ACCOUNT, NAME, record


@record
class PushRequest(Due):
    """5001 实时划拨: the FEP asks a bank to debit one bill; ``passbook`` is the customer's account at the bank."""

    account_no: str = field(repr=False, metadata=ACCOUNT)
    name: str = field(repr=False, metadata=NAME)
    passbook: str = field(repr=False, metadata=ACCOUNT)
    month: int
    seq: int
    bill_no: str
    principal_fen: int
    late_fee_fen: int
    due_date: date


@record
class PushReply:
    """What the bank did: when debited, the identity of its payment; when refused, its own code for why.

    ``passbook`` is the bank account that was debited, empty where the format does not say it.
    """

    outcome: PushOutcome
    refusal: str = ""
    debit_date: date | None = None
    debit_serial: str = ""
    amount_fen: int = 0
    passbook: str = field(default="", repr=False, metadata=ACCOUNT)
