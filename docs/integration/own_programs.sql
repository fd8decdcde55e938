-- How the utility's own programs move what banks may be paying at the same moment: an example, run by the DBA.

SET ROLE yx;

-- 柜台收费: settle one bill at the utility's own counter; false: it is no longer open, and no money may be taken.
CREATE OR REPLACE FUNCTION yx.gtsf(account varchar, bill varchar) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    -- First the lock that the FEP takes first: the account's rows, through the same view.
    PERFORM FROM fep_books.accounts WHERE account_no = account FOR UPDATE;
    -- Only then, in later statements, look at what is owed; and say the old state in each UPDATE.
    UPDATE yx.yx_ysdz SET zt = '03', ssrq = now() AT TIME ZONE 'Asia/Shanghai' WHERE ysdh = bill AND zt = '01';
    RETURN FOUND;
END $$;

RESET ROLE;
