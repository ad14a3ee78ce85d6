-- What forbid_shared_functions.sql could not take from everybody, because its owner is somebody else.
select count(*) as function_count
from pg_proc
cross join aclexplode(coalesce(pg_proc.proacl, acldefault('f', pg_proc.proowner))) as entry
where
    pg_proc.pronamespace = 'pg_catalog'::regnamespace
    and pg_proc.proname ~ '^(lo_|loread$|lowrite$|pg_(try_)?advisory_)'
    and entry.grantee = 0
