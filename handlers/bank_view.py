"""Bank view 银行视图: states and kinds of the records as banks see them.

Both sides have the same member names, so that a member missing on one side is an error at import.
"""

from dbgate import records
from protocol.canonical import codes
from protocol.transactions import Transaction

ACCOUNT_STATES = {state: codes.AccountState[state.name] for state in records.AccountState}
COLLECT_MODES = {mode: codes.CollectMode[mode.name] for mode in records.CollectMode}
BILL_STATES = {state: codes.BillState[state.name] for state in records.BillState}
ORIGINAL_STATES = {state: codes.OriginalState[state.name] for state in records.PaymentState}

MONEY_REQUESTS = {
    records.Movement.PAY: Transaction.PAY,
    records.Movement.CANCEL: Transaction.CANCEL,
    records.Movement.REVERSE: Transaction.REVERSE,
    records.Movement.TOMBSTONE: Transaction.PAY,
}
"""Which money request a journal row stands for; a tombstone stands for the PAY that it keeps out."""
