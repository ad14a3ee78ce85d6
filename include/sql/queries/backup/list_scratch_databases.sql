-- The databases that drills of this warehouse made: by their names, and by the mark that they carry.
select pg_database.datname
from pg_database
where
    (pg_database.datname = %(scratch)s or starts_with(pg_database.datname, %(unfinished)s))
    and pg_database.datname <> current_database()
    and shobj_description(pg_database.oid, 'pg_database') = %(mark)s
order by pg_database.datname
