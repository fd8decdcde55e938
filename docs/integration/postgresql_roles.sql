-- Roles and schema of the FEP: run by the DBA in each of the utility's databases, before the FEP's own tables are made.
-- It can be run again, and has to be in a copy of the database: search paths are not copied. PostgreSQL 15 or newer.
--
-- fep_owner  owns the FEP's own tables; fep init and fep db upgrade log in as this role, and nothing else does.
-- fep        the daemons log in as this role. It owns nothing.
--
-- The search paths connect them. To the daemons, accounts and bills are the views in fep_books, and all other tables
-- are the FEP's own. To fep db upgrade all tables are the FEP's own, so that no later version ever meets a view.

DO $$
DECLARE
    name text;
BEGIN
    -- Roles belong to the whole server: a second database on it finds them there.
    FOREACH name IN ARRAY ARRAY['fep_owner', 'fep'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', name);
        END IF;
    END LOOP;
    -- In this database alone: elsewhere on the server the roles may have other work.
    EXECUTE format('ALTER ROLE fep_owner IN DATABASE %I SET search_path = fep', current_database());
    EXECUTE format('ALTER ROLE fep IN DATABASE %I SET search_path = fep_books, fep', current_database());
END $$;

CREATE SCHEMA IF NOT EXISTS fep AUTHORIZATION fep_owner;
