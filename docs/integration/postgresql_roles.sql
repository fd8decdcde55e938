-- Roles and schema of the FEP: run once by the DBA in the utility's database, before the FEP's own tables are made.
-- PostgreSQL 15 or newer.
--
-- fep_owner  owns the FEP's own tables; fep init and fep db upgrade log in as this role, and nothing else does.
-- fep        the daemons log in as this role. It owns nothing.
--
-- The search paths connect them. To the daemons, accounts and bills are the views in fep_books, and all other tables
-- are the FEP's own. To fep db upgrade all tables are the FEP's own, so that no later version ever meets a view.

CREATE ROLE fep_owner LOGIN;
CREATE ROLE fep LOGIN;
ALTER ROLE fep_owner SET search_path = fep;
ALTER ROLE fep SET search_path = fep_books, fep;

CREATE SCHEMA fep AUTHORIZATION fep_owner;
