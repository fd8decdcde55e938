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

-- Running upgrade 0003 -> 0004

ALTER TABLE payments ADD COLUMN mends_date INTEGER;

CREATE INDEX ix_payments_mends_date ON payments (mends_date) WHERE mends_date IS NOT NULL;

CREATE TABLE reconciliations (
    bank_code VARCHAR(12) NOT NULL,
    clearing_date INTEGER NOT NULL,
    batch_no BIGINT NOT NULL,
    file_name VARCHAR(64) NOT NULL,
    file_digest VARCHAR(64) NOT NULL,
    bank_row_count INTEGER NOT NULL,
    bank_total_fen BIGINT NOT NULL,
    fep_row_count INTEGER NOT NULL,
    fep_total_fen BIGINT NOT NULL,
    matched_count INTEGER NOT NULL,
    amount_differs_count INTEGER NOT NULL,
    state_differs_count INTEGER NOT NULL,
    only_bank_count INTEGER NOT NULL,
    only_fep_count INTEGER NOT NULL,
    in_flight_count INTEGER NOT NULL,
    done_at BIGINT NOT NULL,
    CONSTRAINT pk_reconciliations PRIMARY KEY (bank_code, clearing_date)
)
 WITHOUT ROWID;

CREATE UNIQUE INDEX uq_reconciliations_batch_no ON reconciliations (batch_no);

CREATE TABLE differences (
    difference_no BIGINT NOT NULL,
    bank_code VARCHAR(12) NOT NULL,
    clearing_date INTEGER NOT NULL,
    bank_date INTEGER NOT NULL,
    bank_serial VARCHAR(32) NOT NULL,
    matching SMALLINT NOT NULL,
    bank_account_no VARCHAR(32),
    bank_txn SMALLINT,
    bank_amount_fen BIGINT,
    bank_state SMALLINT,
    fep_account_no VARCHAR(32),
    fep_txn SMALLINT,
    fep_amount_fen BIGINT,
    fep_state SMALLINT,
    fep_serial BIGINT,
    other_date INTEGER,
    state VARCHAR(24) NOT NULL,
    act VARCHAR(24),
    amount_fen BIGINT,
    reason VARCHAR(200),
    proposed_by VARCHAR(64),
    proposed_at BIGINT,
    approved_by VARCHAR(64),
    approved_at BIGINT,
    adjustment_serial BIGINT,
    undo_date INTEGER,
    undo_serial VARCHAR(32),
    CONSTRAINT pk_differences PRIMARY KEY (difference_no)
);

CREATE INDEX ix_differences_clearing_date ON differences (bank_code, clearing_date, state);

CREATE INDEX ix_differences_identity ON differences (bank_code, bank_date, bank_serial);

CREATE TABLE mandates (
    account_no VARCHAR(32) NOT NULL,
    bank_code VARCHAR(12) NOT NULL,
    name VARCHAR(100),
    passbook VARCHAR(32),
    state VARCHAR(24) NOT NULL,
    file_date INTEGER NOT NULL,
    changed_at BIGINT NOT NULL,
    CONSTRAINT pk_mandates PRIMARY KEY (account_no)
)
 WITHOUT ROWID;

CREATE INDEX ix_mandates_bank_code ON mandates (bank_code, state, account_no);

CREATE TABLE mandate_files (
    bank_code VARCHAR(12) NOT NULL,
    file_date INTEGER NOT NULL,
    file_digest VARCHAR(64) NOT NULL,
    row_count INTEGER NOT NULL,
    loaded_at BIGINT,
    CONSTRAINT pk_mandate_files PRIMARY KEY (bank_code, file_date)
)
 WITHOUT ROWID;

CREATE TABLE debit_batches (
    batch_no BIGINT NOT NULL,
    bank_code VARCHAR(12) NOT NULL,
    month INTEGER NOT NULL,
    number_in_month SMALLINT NOT NULL,
    state VARCHAR(24) NOT NULL,
    fee_date INTEGER NOT NULL,
    row_count INTEGER NOT NULL,
    total_fen BIGINT NOT NULL,
    made_at BIGINT NOT NULL,
    out_at BIGINT,
    ended_at BIGINT,
    result_digest VARCHAR(64),
    debited_count INTEGER NOT NULL,
    debited_fen BIGINT NOT NULL,
    reason VARCHAR(200),
    proposed_by VARCHAR(64),
    proposed_at BIGINT,
    approved_by VARCHAR(64),
    CONSTRAINT pk_debit_batches PRIMARY KEY (batch_no)
);

CREATE UNIQUE INDEX uq_debit_batches_number ON debit_batches (bank_code, month, number_in_month);

CREATE TABLE debit_rows (
    batch_no BIGINT NOT NULL,
    bill_no VARCHAR(32) NOT NULL,
    account_no VARCHAR(32) NOT NULL,
    row_no INTEGER,
    name VARCHAR(100),
    passbook VARCHAR(32),
    month INTEGER NOT NULL,
    seq SMALLINT NOT NULL,
    principal_fen BIGINT NOT NULL,
    late_fee_fen BIGINT NOT NULL,
    state VARCHAR(24) NOT NULL,
    result VARCHAR(2),
    debited_fen BIGINT NOT NULL,
    debit_date INTEGER,
    debit_serial VARCHAR(32),
    fep_serial BIGINT,
    CONSTRAINT pk_debit_rows PRIMARY KEY (batch_no, bill_no)
)
 WITHOUT ROWID;

CREATE INDEX ix_debit_rows_account_no ON debit_rows (batch_no, account_no);

CREATE TABLE pushes (
    bill_no VARCHAR(32) NOT NULL,
    fep_serial BIGINT,
    account_no VARCHAR(32) NOT NULL,
    bank_code VARCHAR(12) NOT NULL,
    state VARCHAR(24) NOT NULL,
    late_fee_fen BIGINT,
    created_at BIGINT NOT NULL,
    pushed_at BIGINT,
    due_at BIGINT NOT NULL,
    tries INTEGER NOT NULL,
    owner VARCHAR(64),
    name VARCHAR(100),
    passbook VARCHAR(32),
    debit_date INTEGER,
    debit_serial VARCHAR(32),
    debited_fen BIGINT,
    posted_serial BIGINT,
    refusal VARCHAR(4),
    reason VARCHAR(24),
    is_reported SMALLINT NOT NULL,
    CONSTRAINT pk_pushes PRIMARY KEY (bill_no)
)
 WITHOUT ROWID;

CREATE INDEX ix_pushes_due_at ON pushes (bank_code, state, due_at);

CREATE INDEX ix_pushes_account_no ON pushes (account_no);

CREATE TABLE operator_acts (
    id INTEGER NOT NULL,
    created_at BIGINT NOT NULL,
    operator VARCHAR(64) NOT NULL,
    act VARCHAR(32) NOT NULL,
    bank_code VARCHAR(12),
    subject VARCHAR(100),
    reason VARCHAR(200),
    CONSTRAINT pk_operator_acts PRIMARY KEY (id)
);

CREATE INDEX ix_operator_acts_created_at ON operator_acts (created_at);

UPDATE alembic_version SET version_num='0004' WHERE alembic_version.version_num = '0003';

-- Running upgrade 0004 -> 0005

CREATE TABLE audit_seals (
    chain VARCHAR(16) NOT NULL,
    line_no BIGINT NOT NULL,
    line_hash VARCHAR(64) NOT NULL,
    place VARCHAR(200) NOT NULL,
    sealed_at BIGINT NOT NULL,
    CONSTRAINT pk_audit_seals PRIMARY KEY (chain, line_no)
)
 WITHOUT ROWID;

UPDATE alembic_version SET version_num='0005' WHERE alembic_version.version_num = '0004';
