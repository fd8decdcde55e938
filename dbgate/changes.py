"""Changes 变更: what one decision changes, as new versions of records. Data only, no SQL."""

from dbgate.books.records import Debit, Mandate, Push
from dbgate.record import record
from dbgate.records import Account, Allocation, AuditEntry, Bill, Invoice, InvoicePrint, LimitKey, Payment


@record
class LimitUse:
    """Move a daily counter; ``limit_fen`` None takes back without a bound."""

    key: LimitKey
    amount_fen: int
    limit_fen: int | None


@record
class Changes:
    """What one decision changes, as new versions of records. New rows: those whose key was not loaded.

    ``journal`` and ``debits`` hold new rows and new states of loaded rows alike; nothing but its state may differ in a
    loaded row, and in a debit what the bank did.
    """

    accounts: tuple[Account, ...] = ()
    bills: tuple[Bill, ...] = ()
    journal: tuple[Payment, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    invoices: tuple[Invoice, ...] = ()
    invoice_prints: tuple[InvoicePrint, ...] = ()
    limit_uses: tuple[LimitUse, ...] = ()
    audit: tuple[AuditEntry, ...] = ()
    mandates: tuple[Mandate, ...] = ()
    debits: tuple[Debit, ...] = ()
    pushes: tuple[Push, ...] = ()


NOTHING = Changes()
