-- What an operator looks at; run by the DBA.

-- After each fep db upgrade: what the views lack. Empty.
SELECT * FROM fep_books.view_differences;

-- Every night: where the FEP's journal and the utility's tables tell two stories. Empty.
SELECT * FROM fep_books.disagreements;

-- After a day with banks: no seq_scan may have grown.
SELECT relname, seq_scan, idx_scan FROM pg_stat_user_tables WHERE schemaname = 'yx';
