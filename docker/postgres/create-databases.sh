#!/bin/bash
# Run once, by the image of PostgreSQL, when its volume is new: a login for each program, and their
# databases. The tables are made by the job `migrate`, which is why the pipeline's login may create
# roles: the first migration asks for them, even where they exist.
set -euo pipefail

# postgresql+psycopg2://airflow:<password>@...: there, %40 stands for an @.
login=${AIRFLOW_CONNECTION#*://}
login=${login%%@*}
password=${login#*:}
password=${password//\\/\\\\}
printf -v AIRFLOW_PASSWORD '%b' "${password//%/\\x}"
export AIRFLOW_PASSWORD

# Passwords are read from the environment, so that none is on a command line.
psql --set ON_ERROR_STOP=1 --quiet --no-psqlrc --username postgres --dbname postgres <<'SQL'
\getenv airflow_password AIRFLOW_PASSWORD
\getenv app_password APP_PASSWORD
\getenv pipeline_password PIPELINE_PASSWORD
create role airflow login password :'airflow_password';
create role sightscan_app login connection limit 30 password :'app_password';
-- It restores a backup on trial into a database of its own.
create role sightscan_pipeline login createrole createdb password :'pipeline_password';
create database airflow owner airflow;
create database sightscan owner sightscan_pipeline;
revoke connect, temporary on database airflow, sightscan, postgres, template1 from public;
-- A restore goes by way of it.
grant connect on database postgres to sightscan_pipeline;
grant connect on database sightscan to sightscan_app;
\connect sightscan
-- As include/sql/queries/schema/forbid_shared_functions.sql: large objects are for nobody, advisory locks for
-- who writes. The pipeline's login may not do it itself, since the server owns these functions.
select format('revoke execute on function %s from public', oid::regprocedure)
from pg_proc
where
    pronamespace = 'pg_catalog'::regnamespace
    and proname ~ '^(lo_|loread$|lowrite$|pg_(try_)?advisory_)'
\gexec
select format('grant execute on function %s to sightscan_pipeline, pg_database_owner', oid::regprocedure)
from pg_proc
where pronamespace = 'pg_catalog'::regnamespace and proname ~ '^pg_(try_)?advisory_'
\gexec
SQL
