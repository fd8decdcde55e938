"""Opening balances 期初余额: a loaded balance is a movement of its own, so that an account's movements add up to it."""

from datetime import datetime

from dbgate.forms import Values
from dbgate.load_kinds import BALANCE_INDEX
from dbgate.records import NO_BANK_CODE, Identity, Movement, Payment, PaymentState
from dbgate.rows import payment_values


def opening_of(account: Values, fep_serial: int, now: datetime) -> Values:
    """Return the journal row that opens a stored account's balance; its serial is the account's number."""
    account_no, name, balance_fen = account[0], account[1], account[BALANCE_INDEX]
    return payment_values(
        Payment(
            identity=Identity(NO_BANK_CODE, now.date(), account_no),
            fep_serial=fep_serial,
            movement=Movement.OPEN,
            state=PaymentState.POSTED,
            account_no=account_no,
            account_name=name,
            amount_fen=balance_fen,
            settled_principal_fen=0,
            settled_late_fee_fen=0,
            balance_change_fen=balance_fen,
            balance_after_fen=balance_fen,
            due_after_fen=0,
            settled_count=0,
            first_month=None,
            last_month=None,
            invoice_no="",
            original=None,
            original_fep_serial=None,
            outcome=None,
            branch_code="",
            teller_id="",
            channel=0,
            instrument=None,
            clearing_date=now.date(),
            created_at=now,
            digest="",
        )
    )
