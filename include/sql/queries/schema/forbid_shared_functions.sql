-- Every login may make large objects, which fill the disk, and take advisory locks, for which crawls
-- and migrations would wait. No program uses the ones; the others are for those who write and who
-- migrate. In this database only: rights to functions are not the whole server's, so Airflow keeps
-- its locks. Whoever owns the server's functions may do it, its superuser: each migration and each
-- restore sees to it, and changes nothing where it is done or may not.
do $$
declare
    opened record;
begin
    for opened in
        select
            pg_proc.oid::regprocedure as signature,
            pg_proc.proname ~ 'advisory' as is_lock
        from pg_proc
        cross join aclexplode(coalesce(pg_proc.proacl, acldefault('f', pg_proc.proowner))) as entry
        where
            pg_proc.pronamespace = 'pg_catalog'::regnamespace
            and pg_proc.proname ~ '^(lo_|loread$|lowrite$|pg_(try_)?advisory_)'
            and entry.grantee = 0
            and pg_has_role(pg_proc.proowner, 'usage')
        order by pg_proc.oid
    loop
        execute format('revoke execute on function %s from public', opened.signature);
        if opened.is_lock then
            execute format(
                'grant execute on function %s to sightscan_pipeline, pg_database_owner', opened.signature
            );
        end if;
    end loop;
end
$$;
