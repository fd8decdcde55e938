-- One query: the account and its open bills.
\set i :i + 1
\set n :first + :client_id * :per_client + :i
\set a (:n * :stride) % :accounts + 1
SELECT * FROM accounts WHERE account_no = '09' || lpad((:a)::text, 8, '0');
SELECT bill_no, month, principal_fen, due_date FROM bills
WHERE account_no = '09' || lpad((:a)::text, 8, '0') AND state IN ('open', 'in_debit') ORDER BY month, seq;
