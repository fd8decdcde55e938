"""Tables 数据表: the billing database as SQLAlchemy metadata; ``migrations/`` builds the same, step by step.

Names are at most 30 characters and explicit, for Oracle and for whoever reads a plan. There are no foreign keys:
every row that the gate writes comes from rows it holds locked in the same transaction, the loader checks accounts in
set statements, and a check for each row would cost every payment some lookups.

On SQLite tables with short rows and a natural key are clustered by it (WITHOUT ROWID): one tree less to write.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Identity,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    text,
)
from sqlalchemy import String as Key

from dbgate.column_types import Clock, Day, Flag, Name, Text
from dbgate.records import AccountState, BillState, CollectMode, Movement, PaymentState, UserClass

BANK_CODE_CHARS = 12
"""Node codes of the formats seen have 4 to 11 digits."""
BANK_SERIAL_CHARS = 32
ACCOUNT_NO_CHARS = 32
NAME_CHARS = 100

metadata = MetaData()

accounts = Table(
    "accounts",
    metadata,
    Column("account_no", Key(ACCOUNT_NO_CHARS), nullable=False),
    Column("name", Text(NAME_CHARS)),
    Column("address", Text(200)),
    Column("meter_no", Text(32)),
    Column("passbook", Text(32)),
    Column("supply_branch", Text(8)),
    Column("user_class", Name(UserClass), nullable=False),
    Column("collect_mode", Name(CollectMode), nullable=False),
    Column("state", Name(AccountState), nullable=False),
    Column("balance_fen", BigInteger, nullable=False),
    Column("pay_at_utility", Flag, nullable=False),
    Column("load_digest", BigInteger, nullable=False),
    PrimaryKeyConstraint("account_no", name="pk_accounts"),
    Index("ix_accounts_meter_no", "meter_no"),
    Index("ix_accounts_passbook", "passbook"),
    sqlite_with_rowid=False,
)

bills = Table(
    "bills",
    metadata,
    Column("bill_no", Key(32), nullable=False),
    Column("account_no", Key(ACCOUNT_NO_CHARS), nullable=False),
    Column("month", Integer, nullable=False),
    Column("seq", SmallInteger, nullable=False),
    Column("energy_centikwh", BigInteger, nullable=False),
    Column("previous_reading_centikwh", BigInteger, nullable=False),
    Column("this_reading_centikwh", BigInteger, nullable=False),
    Column("principal_fen", BigInteger, nullable=False),
    Column("due_date", Day, nullable=False),
    Column("state", Name(BillState), nullable=False),
    Column("settled_by", BigInteger),
    Column("load_digest", BigInteger, nullable=False),
    PrimaryKeyConstraint("bill_no", name="pk_bills"),
    # One index for the unsettled bills of an account and for its history: an account has a dozen bills a year.
    Index("ix_bills_account_no", "account_no", "state", "month"),
    sqlite_with_rowid=False,
)

payments = Table(
    "payments",
    metadata,
    Column("bank_code", Key(BANK_CODE_CHARS), nullable=False),
    Column("bank_date", Day, nullable=False),
    Column("bank_serial", Key(BANK_SERIAL_CHARS), nullable=False),
    Column("fep_serial", BigInteger),
    Column("movement", Name(Movement), nullable=False),
    Column("state", Name(PaymentState), nullable=False),
    Column("account_no", Text(ACCOUNT_NO_CHARS)),
    Column("account_name", Text(NAME_CHARS)),
    Column("amount_fen", BigInteger, nullable=False),
    Column("settled_principal_fen", BigInteger, nullable=False),
    Column("settled_late_fee_fen", BigInteger, nullable=False),
    Column("balance_change_fen", BigInteger, nullable=False),
    Column("balance_after_fen", BigInteger, nullable=False),
    Column("due_after_fen", BigInteger, nullable=False),
    Column("settled_count", Integer, nullable=False),
    Column("first_month", Integer),
    Column("last_month", Integer),
    Column("invoice_no", Text(16)),
    Column("original_bank_code", Key(BANK_CODE_CHARS)),
    Column("original_bank_date", Day),
    Column("original_bank_serial", Key(BANK_SERIAL_CHARS)),
    Column("original_fep_serial", BigInteger),
    Column("outcome", SmallInteger),
    Column("branch_code", Text(12)),
    Column("teller_id", Text(8)),
    Column("channel", SmallInteger, nullable=False),
    Column("instrument", SmallInteger),
    Column("clearing_date", Day, nullable=False),
    Column("created_at", Clock, nullable=False),
    Column("digest", Text(32)),
    Column("reason", SmallInteger),
    # Of an adjustment: the clearing date that it mends.
    Column("mends_date", Day),
    # The one index that decides whether a payment happens twice.
    PrimaryKeyConstraint("bank_code", "bank_date", "bank_serial", name="pk_payments"),
    Index("uq_payments_fep_serial", "fep_serial", unique=True),
    Index("ix_payments_account_no", "account_no", "created_at"),
    Index("ix_payments_clearing_date", "bank_code", "clearing_date", "fep_serial"),
    # Of adjustments alone, which are few: Oracle leaves rows out of which nothing is indexed.
    Index(
        "ix_payments_mends_date",
        "mends_date",
        sqlite_where=text("mends_date IS NOT NULL"),
        postgresql_where=text("mends_date IS NOT NULL"),
    ),
)

allocations = Table(
    "allocations",
    metadata,
    Column("fep_serial", BigInteger, nullable=False),
    Column("bill_no", Key(32), nullable=False),
    Column("principal_fen", BigInteger, nullable=False),
    Column("late_fee_fen", BigInteger, nullable=False),
    PrimaryKeyConstraint("fep_serial", "bill_no", name="pk_allocations"),
    sqlite_with_rowid=False,
)

invoices = Table(
    "invoices",
    metadata,
    Column("invoice_no", Key(16), nullable=False),
    Column("fep_serial", BigInteger, nullable=False),
    Column("print_count", Integer, nullable=False),
    PrimaryKeyConstraint("invoice_no", name="pk_invoices"),
    Index("uq_invoices_fep_serial", "fep_serial", unique=True),
    sqlite_with_rowid=False,
)

invoice_prints = Table(
    "invoice_prints",
    metadata,
    Column("bank_code", Key(BANK_CODE_CHARS), nullable=False),
    Column("bank_date", Day, nullable=False),
    Column("bank_serial", Key(BANK_SERIAL_CHARS), nullable=False),
    Column("digest", Text(32)),
    Column("invoice_no", Key(16), nullable=False),
    Column("fep_serial", BigInteger, nullable=False),
    Column("print_count", Integer, nullable=False),
    PrimaryKeyConstraint("bank_code", "bank_date", "bank_serial", name="pk_invoice_prints"),
    sqlite_with_rowid=False,
)

limit_uses = Table(
    "limit_uses",
    metadata,
    Column("bank_code", Key(BANK_CODE_CHARS), nullable=False),
    Column("channel", SmallInteger, nullable=False),
    Column("clearing_date", Day, nullable=False),
    Column("used_fen", BigInteger, nullable=False),
    PrimaryKeyConstraint("bank_code", "channel", "clearing_date", name="pk_limit_uses"),
    sqlite_with_rowid=False,
)

clearing_dates = Table(
    "clearing_dates",
    metadata,
    Column("bank_code", Key(BANK_CODE_CHARS), nullable=False),
    Column("clearing_date", Day, nullable=False),
    Column("first_date", Day, nullable=False),
    PrimaryKeyConstraint("bank_code", name="pk_clearing_dates"),
    sqlite_with_rowid=False,
)

# What an operator has closed: the row is written first, and the day of the bank then moves on from this one.
closings = Table(
    "closings",
    metadata,
    Column("bank_code", Key(BANK_CODE_CHARS), nullable=False),
    Column("clearing_date", Day, nullable=False),
    Column("closed_at", Clock, nullable=False),
    PrimaryKeyConstraint("bank_code", "clearing_date", name="pk_closings"),
    sqlite_with_rowid=False,
)

# What batches lock instead of the clearing date on engines without shared row locks; elsewhere it stays empty.
clearing_slots = Table(
    "clearing_slots",
    metadata,
    Column("bank_code", Key(BANK_CODE_CHARS), nullable=False),
    Column("slot_no", SmallInteger, nullable=False),
    PrimaryKeyConstraint("bank_code", "slot_no", name="pk_clearing_slots"),
    sqlite_with_rowid=False,
)

# Not "audit", which is a reserved word of Oracle.
audit_entries = Table(
    "audit_entries",
    metadata,
    # SQLite numbers only a column declared INTEGER PRIMARY KEY by itself.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), Identity(), nullable=False),
    Column("created_at", Clock, nullable=False),
    Column("bank_code", Key(BANK_CODE_CHARS), nullable=False),
    Column("bank_date", Day, nullable=False),
    Column("bank_serial", Key(BANK_SERIAL_CHARS), nullable=False),
    Column("transaction_name", Key(24), nullable=False),
    Column("account_no", Text(ACCOUNT_NO_CHARS)),
    Column("amount_fen", BigInteger, nullable=False),
    Column("response_code", Key(4), nullable=False),
    Column("branch_code", Text(12)),
    Column("teller_id", Text(8)),
    Column("channel", SmallInteger, nullable=False),
    PrimaryKeyConstraint("id", name="pk_audit_entries"),
    Index("ix_audit_entries_created_at", "created_at"),
    Index("ix_audit_entries_identity", "bank_code", "bank_date", "bank_serial"),
)

number_blocks = Table(
    "number_blocks",
    metadata,
    Column("name", Key(24), nullable=False),
    Column("next_number", BigInteger, nullable=False),
    PrimaryKeyConstraint("name", name="pk_number_blocks"),
    sqlite_with_rowid=False,
)
