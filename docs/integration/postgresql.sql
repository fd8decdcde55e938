-- Connects the tables of marketing_tables.sql to the FEP, as views that can be updated. PostgreSQL 15 or newer.
--
-- Run by the DBA when the FEP's own tables are there, and again after each fep db upgrade and each change of this file:
--     psql -v ON_ERROR_STOP=1 --single-transaction -f postgresql.sql billing

-- ---------------------------------------------------------------------------------------------------------------------
-- 1. Rights on the FEP's own tables: the daemons write them, the utility reads what was paid. The FEP's own accounts
-- and bills stay empty; fep load finds no right to fill them.

SET ROLE fep_owner;
GRANT USAGE ON SCHEMA fep TO fep, yx;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA fep TO fep;
GRANT DELETE ON fep.limit_uses TO fep;
REVOKE INSERT, UPDATE ON fep.alembic_version FROM fep;
REVOKE ALL ON fep.accounts, fep.bills FROM fep;
REVOKE INSERT ON fep.accounts, fep.bills FROM fep_owner;
GRANT SELECT ON fep.payments, fep.allocations TO yx;
RESET ROLE;

-- ---------------------------------------------------------------------------------------------------------------------
-- 2. All that follows belongs to the owner of the billing tables. The one column that those lack: which movement of the
-- FEP settled a bill (fep_serial in the FEP's journal).

CREATE SCHEMA IF NOT EXISTS fep_books AUTHORIZATION yx;
SET ROLE yx;
ALTER TABLE yx.yx_ysdz ADD COLUMN IF NOT EXISTS fep_lsh bigint;

-- ---------------------------------------------------------------------------------------------------------------------
-- 3. Codes. A code that nobody foresaw must never be guessed: it becomes what refuses, or the row is left out.

CREATE OR REPLACE FUNCTION fep_books.bill_state(zt char) RETURNS varchar IMMUTABLE LANGUAGE sql AS
$$ SELECT CASE zt WHEN '01' THEN 'open' WHEN '02' THEN 'in_debit' WHEN '03' THEN 'settled' END $$;

CREATE OR REPLACE FUNCTION fep_books.zt_of(state varchar) RETURNS char IMMUTABLE LANGUAGE sql AS
$$ SELECT CASE state WHEN 'open' THEN '01' WHEN 'in_debit' THEN '02' WHEN 'settled' THEN '03' END $$;

-- ---------------------------------------------------------------------------------------------------------------------
-- 4. The views: names and types of columns as in the FEP's own tables (see fep_books.view_differences below).

-- The gate locks rows of this view. FOR UPDATE then locks the rows of both tables: both stand in the FROM list, joined
-- by an inner join. Every customer needs a row in yx_yszh, or banks cannot see the account.
CREATE OR REPLACE VIEW fep_books.accounts AS
SELECT
    k.yhbh AS account_no,
    k.yhmc AS name,
    k.yddz AS address,
    k.dbbh::varchar AS meter_no,
    k.dkzh AS passbook,
    k.gddw AS supply_branch,
    CASE k.yhlb WHEN '居民生活' THEN 'residential' ELSE 'other' END::varchar AS user_class,
    CASE k.jffs WHEN '01' THEN 'counter' WHEN '02' THEN 'debit' ELSE 'card' END::varchar AS collect_mode,
    CASE k.yhzt WHEN '01' THEN 'active' WHEN '03' THEN 'closed' ELSE 'suspended' END::varchar AS state,
    (z.ye * 100)::bigint AS balance_fen,
    CASE k.dsbz WHEN '1' THEN 0 ELSE 1 END::smallint AS pay_at_utility,
    0::bigint AS load_digest
FROM yx.yx_khda AS k
JOIN yx.yx_yszh AS z ON z.yhbh = k.yhbh;

-- A bill is its row 1; the amount is added up over all its rows in a subquery. GROUP BY would do for a query, but a set
-- UPDATE of the gate would then group the whole table.
CREATE OR REPLACE VIEW fep_books.bills AS
SELECT
    y.ysdh AS bill_no,
    y.yhbh AS account_no,
    y.ny::integer AS month,
    y.dfcs AS seq,
    (y.dl * 100)::bigint AS energy_centikwh,
    (y.qds * 100)::bigint AS previous_reading_centikwh,
    (y.zds * 100)::bigint AS this_reading_centikwh,
    (SELECT sum(part.je) * 100 FROM yx.yx_ysdz AS part WHERE part.ysdh = y.ysdh)::bigint AS principal_fen,
    to_char(coalesce(y.hjrq, y.jzrq), 'YYYYMMDD')::integer AS due_date,
    fep_books.bill_state(y.zt) AS state,
    y.fep_lsh AS settled_by,
    0::bigint AS load_digest
FROM yx.yx_ysdz AS y
WHERE y.xh = 1 AND y.zt IN ('01', '02', '03');

-- ---------------------------------------------------------------------------------------------------------------------
-- 5. Indexes for the gate's ways in: account number (the primary key), meter, bank account, bills of an account.

CREATE INDEX IF NOT EXISTS yx_khda_fep_meter ON yx.yx_khda ((dbbh::varchar));
CREATE INDEX IF NOT EXISTS yx_khda_fep_passbook ON yx.yx_khda (dkzh);
CREATE INDEX IF NOT EXISTS yx_ysdz_fep_bills ON yx.yx_ysdz (yhbh, fep_books.bill_state(zt), ny)
    WHERE xh = 1 AND zt IN ('01', '02', '03');
CREATE INDEX IF NOT EXISTS yx_ysdz_fep_lsh ON yx.yx_ysdz (fep_lsh) WHERE fep_lsh IS NOT NULL;

-- ---------------------------------------------------------------------------------------------------------------------
-- 6. Updates of the gate. It counts the rows: a row that is no longer what the gate saw must not be counted, so the
-- trigger looks at the old values again and returns NULL. The gate then decides the whole batch again.

CREATE OR REPLACE FUNCTION fep_books.update_account() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    frozen yx.yx_yszh.djbz%TYPE;
BEGIN
    UPDATE yx.yx_yszh SET ye = NEW.balance_fen * 0.01
    WHERE yhbh = OLD.account_no AND ye = OLD.balance_fen * 0.01
    RETURNING djbz INTO frozen;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    IF frozen = '1' THEN
        RAISE EXCEPTION 'the balance is frozen';  -- no customer's data: it may stand in a log
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER update_account INSTEAD OF UPDATE ON fep_books.accounts
    FOR EACH ROW EXECUTE FUNCTION fep_books.update_account();

CREATE OR REPLACE FUNCTION fep_books.update_bill() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE yx.yx_ysdz SET
        zt = fep_books.zt_of(NEW.state),
        fep_lsh = NEW.settled_by,
        ssrq = CASE NEW.state WHEN 'settled' THEN now() AT TIME ZONE 'Asia/Shanghai' END
    WHERE ysdh = OLD.bill_no AND zt = fep_books.zt_of(OLD.state) AND fep_lsh IS NOT DISTINCT FROM OLD.settled_by;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER update_bill INSTEAD OF UPDATE ON fep_books.bills
    FOR EACH ROW EXECUTE FUNCTION fep_books.update_bill();

-- ---------------------------------------------------------------------------------------------------------------------
-- 7. Rights on the views: the daemons move balances and states of bills, no more.

GRANT USAGE ON SCHEMA fep_books TO fep;
GRANT SELECT ON fep_books.accounts, fep_books.bills TO fep;
GRANT UPDATE (balance_fen) ON fep_books.accounts TO fep;
GRANT UPDATE (state, settled_by) ON fep_books.bills TO fep;

-- ---------------------------------------------------------------------------------------------------------------------
-- 8. For the utility's own programs and its operators.

-- 银行实收 what banks have collected and nobody has undone, one row for each bill; money put on balances has none.
CREATE OR REPLACE VIEW fep_books.receipts AS
SELECT
    p.fep_serial AS fep_lsh,
    a.bill_no AS ysdh,
    p.account_no AS yhbh,
    a.principal_fen * 0.01 AS je,
    a.late_fee_fen * 0.01 AS wyj,
    p.bank_code AS yhdm,
    to_date(p.clearing_date::text, 'YYYYMMDD') AS qsrq,
    to_timestamp(p.created_at::text, 'YYYYMMDDHH24MISSMS')::timestamp AS ssrq
FROM fep.payments AS p
JOIN fep.allocations AS a ON a.fep_serial = p.fep_serial
WHERE p.state = 'posted';

-- What the views lack of the FEP's own tables, or have with another type: to be looked at after each fep db upgrade.
-- The FEP's own accounts and bills stand empty beside the views and say what is wanted.
CREATE OR REPLACE VIEW fep_books.view_differences AS
SELECT
    wanted.attrelid::regclass AS wanted_of,
    wanted.attname AS column_name,
    format_type(wanted.atttypid, NULL) AS wanted_type,
    format_type(given.atttypid, NULL) AS given_type
FROM pg_attribute AS wanted
JOIN pg_class AS own ON own.oid = wanted.attrelid
LEFT JOIN pg_class AS shown ON shown.relnamespace = 'fep_books'::regnamespace AND shown.relname = own.relname
LEFT JOIN pg_attribute AS given ON given.attrelid = shown.oid AND given.attname = wanted.attname
WHERE own.relnamespace = 'fep'::regnamespace AND own.relname IN ('accounts', 'bills')
    AND wanted.attnum > 0 AND NOT wanted.attisdropped AND given.atttypid IS DISTINCT FROM wanted.atttypid;

-- Where the FEP's journal and the utility's tables tell two stories; to be looked at every night, and empty.
CREATE OR REPLACE VIEW fep_books.disagreements AS
SELECT 'a standing payment whose bill is not settled by it' AS what, a.bill_no AS ysdh, p.fep_serial AS fep_lsh
FROM fep.payments AS p
JOIN fep.allocations AS a ON a.fep_serial = p.fep_serial
LEFT JOIN yx.yx_ysdz AS y ON y.ysdh = a.bill_no AND y.xh = 1 AND y.zt = '03' AND y.fep_lsh = p.fep_serial
WHERE p.state = 'posted' AND y.ysdh IS NULL
UNION ALL
SELECT 'a bill settled by no standing payment', y.ysdh, y.fep_lsh
FROM yx.yx_ysdz AS y
LEFT JOIN fep.payments AS p ON p.fep_serial = y.fep_lsh AND p.state = 'posted'
WHERE y.fep_lsh IS NOT NULL AND y.xh = 1 AND (p.fep_serial IS NULL OR y.zt <> '03')
UNION ALL
SELECT 'rows of one bill in several states', y.ysdh, max(y.fep_lsh)
FROM yx.yx_ysdz AS y
GROUP BY y.ysdh HAVING min(y.zt) <> max(y.zt) OR min(coalesce(y.fep_lsh, 0)) <> max(coalesce(y.fep_lsh, 0));

RESET ROLE;
