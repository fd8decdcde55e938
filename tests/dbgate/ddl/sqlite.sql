CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 0001

CREATE TABLE accounts (
    account_no VARCHAR(32) NOT NULL,
    name VARCHAR(100),
    address VARCHAR(200),
    meter_no VARCHAR(32),
    passbook VARCHAR(32),
    supply_branch VARCHAR(8),
    user_class VARCHAR(24) NOT NULL,
    collect_mode VARCHAR(24) NOT NULL,
    state VARCHAR(24) NOT NULL,
    balance_fen BIGINT NOT NULL,
    pay_at_utility SMALLINT NOT NULL,
    load_digest BIGINT NOT NULL,
    CONSTRAINT pk_accounts PRIMARY KEY (account_no)
)
 WITHOUT ROWID;

CREATE INDEX ix_accounts_meter_no ON accounts (meter_no);

CREATE INDEX ix_accounts_passbook ON accounts (passbook);

CREATE TABLE bills (
    bill_no VARCHAR(32) NOT NULL,
    account_no VARCHAR(32) NOT NULL,
    month INTEGER NOT NULL,
    seq SMALLINT NOT NULL,
    energy_centikwh BIGINT NOT NULL,
    previous_reading_centikwh BIGINT NOT NULL,
    this_reading_centikwh BIGINT NOT NULL,
    principal_fen BIGINT NOT NULL,
    due_date INTEGER NOT NULL,
    state VARCHAR(24) NOT NULL,
    settled_by BIGINT,
    load_digest BIGINT NOT NULL,
    CONSTRAINT pk_bills PRIMARY KEY (bill_no)
)
 WITHOUT ROWID;

CREATE INDEX ix_bills_account_no ON bills (account_no, state, month);

CREATE INDEX ix_bills_settled_by ON bills (settled_by) WHERE settled_by IS NOT NULL;

CREATE TABLE payments (
    bank_code VARCHAR(12) NOT NULL,
    bank_date INTEGER NOT NULL,
    bank_serial VARCHAR(32) NOT NULL,
    fep_serial BIGINT,
    movement VARCHAR(24) NOT NULL,
    state VARCHAR(24) NOT NULL,
    account_no VARCHAR(32),
    account_name VARCHAR(100),
    amount_fen BIGINT NOT NULL,
    settled_principal_fen BIGINT NOT NULL,
    settled_late_fee_fen BIGINT NOT NULL,
    balance_change_fen BIGINT NOT NULL,
    balance_after_fen BIGINT NOT NULL,
    due_after_fen BIGINT NOT NULL,
    settled_count INTEGER NOT NULL,
    first_month INTEGER,
    last_month INTEGER,
    invoice_no VARCHAR(16),
    original_bank_code VARCHAR(12),
    original_bank_date INTEGER,
    original_bank_serial VARCHAR(32),
    original_fep_serial BIGINT,
    outcome SMALLINT,
    branch_code VARCHAR(12),
    teller_id VARCHAR(8),
    channel SMALLINT NOT NULL,
    instrument SMALLINT,
    clearing_date INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    digest VARCHAR(32),
    reason SMALLINT,
    CONSTRAINT pk_payments PRIMARY KEY (bank_code, bank_date, bank_serial)
);

CREATE UNIQUE INDEX uq_payments_fep_serial ON payments (fep_serial);

CREATE INDEX ix_payments_account_no ON payments (account_no, created_at);

CREATE INDEX ix_payments_clearing_date ON payments (bank_code, clearing_date, fep_serial);

CREATE TABLE allocations (
    fep_serial BIGINT NOT NULL,
    bill_no VARCHAR(32) NOT NULL,
    principal_fen BIGINT NOT NULL,
    late_fee_fen BIGINT NOT NULL,
    CONSTRAINT pk_allocations PRIMARY KEY (fep_serial, bill_no)
)
 WITHOUT ROWID;

CREATE TABLE invoices (
    invoice_no VARCHAR(16) NOT NULL,
    fep_serial BIGINT NOT NULL,
    print_count INTEGER NOT NULL,
    CONSTRAINT pk_invoices PRIMARY KEY (invoice_no)
)
 WITHOUT ROWID;

CREATE UNIQUE INDEX uq_invoices_fep_serial ON invoices (fep_serial);

CREATE TABLE invoice_prints (
    bank_code VARCHAR(12) NOT NULL,
    bank_date INTEGER NOT NULL,
    bank_serial VARCHAR(32) NOT NULL,
    digest VARCHAR(32),
    invoice_no VARCHAR(16) NOT NULL,
    fep_serial BIGINT NOT NULL,
    print_count INTEGER NOT NULL,
    CONSTRAINT pk_invoice_prints PRIMARY KEY (bank_code, bank_date, bank_serial)
)
 WITHOUT ROWID;

CREATE TABLE limit_uses (
    bank_code VARCHAR(12) NOT NULL,
    channel SMALLINT NOT NULL,
    clearing_date INTEGER NOT NULL,
    used_fen BIGINT NOT NULL,
    CONSTRAINT pk_limit_uses PRIMARY KEY (bank_code, channel, clearing_date)
)
 WITHOUT ROWID;

CREATE TABLE clearing_dates (
    bank_code VARCHAR(12) NOT NULL,
    clearing_date INTEGER NOT NULL,
    first_date INTEGER NOT NULL,
    CONSTRAINT pk_clearing_dates PRIMARY KEY (bank_code)
)
 WITHOUT ROWID;

CREATE TABLE audit_entries (
    id INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    bank_code VARCHAR(12) NOT NULL,
    bank_date INTEGER NOT NULL,
    bank_serial VARCHAR(32) NOT NULL,
    transaction_name VARCHAR(24) NOT NULL,
    account_no VARCHAR(32),
    amount_fen BIGINT NOT NULL,
    response_code VARCHAR(4) NOT NULL,
    branch_code VARCHAR(12),
    teller_id VARCHAR(8),
    channel SMALLINT NOT NULL,
    CONSTRAINT pk_audit_entries PRIMARY KEY (id)
);

CREATE INDEX ix_audit_entries_created_at ON audit_entries (created_at);

CREATE INDEX ix_audit_entries_identity ON audit_entries (bank_code, bank_date, bank_serial);

CREATE TABLE number_blocks (
    name VARCHAR(24) NOT NULL,
    next_number BIGINT NOT NULL,
    CONSTRAINT pk_number_blocks PRIMARY KEY (name)
)
 WITHOUT ROWID;

INSERT INTO alembic_version (version_num) VALUES ('0001');

-- Running upgrade 0001 -> 0002

CREATE TABLE closings (
    bank_code VARCHAR(12) NOT NULL,
    clearing_date INTEGER NOT NULL,
    closed_at BIGINT NOT NULL,
    CONSTRAINT pk_closings PRIMARY KEY (bank_code, clearing_date)
)
 WITHOUT ROWID;

CREATE TABLE clearing_slots (
    bank_code VARCHAR(12) NOT NULL,
    slot_no SMALLINT NOT NULL,
    CONSTRAINT pk_clearing_slots PRIMARY KEY (bank_code, slot_no)
)
 WITHOUT ROWID;

UPDATE alembic_version SET version_num='0002' WHERE alembic_version.version_num = '0001';

-- Running upgrade 0002 -> 0003

DROP INDEX ix_bills_settled_by;

UPDATE alembic_version SET version_num='0003' WHERE alembic_version.version_num = '0002';
