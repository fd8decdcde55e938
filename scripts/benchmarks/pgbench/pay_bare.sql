-- The least that may be called a payment: select for update, insert, update, commit.
\set i :i + 1
\set n :first + :client_id * :per_client + :i
\set a (:n * :stride) % :accounts + 1
BEGIN;
SELECT * FROM accounts WHERE account_no = '09' || lpad((:a)::text, 8, '0') FOR UPDATE;
INSERT INTO payments (bank_code, bank_date, bank_serial, fep_serial, movement, state, account_no, account_name,
                      amount_fen, settled_principal_fen, settled_late_fee_fen, balance_change_fen, balance_after_fen,
                      due_after_fen, settled_count, first_month, last_month, branch_code, teller_id, channel,
                      instrument, clearing_date, created_at, digest)
VALUES ('0102', 20261121, 'P' || (:n), 990000000000 + (:n), 'pay', 'posted',
        '09' || lpad((:a)::text, 8, '0'), '用户', 12345, 12345, 0, 0, 0, 0, 1, 202610, 202610, '010200000117',
        'T0000042', 1, 2, 20261121, 20261121120000000, '0123456789abcdef0123456789abcdef');
UPDATE bills SET state = 'settled', settled_by = 990000000000 + (:n)
WHERE bill_no = 'BB' || lpad((:a)::text, 8, '0') AND state = 'open';
COMMIT;
