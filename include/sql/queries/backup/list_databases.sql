-- The databases whose name begins so.
select pg_database.datname
from pg_database
where starts_with(pg_database.datname, %(beginning)s)
order by pg_database.datname
