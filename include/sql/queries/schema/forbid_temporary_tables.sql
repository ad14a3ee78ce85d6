-- Every login may make temporary tables, unless the database says otherwise: the app's could fill
-- the disk with them, and no stage uses one. The owner of the database keeps the right. A dump does
-- not hold it, so each migration sees to it, and changes nothing where it is done.
do $$
begin
    if exists (
        select
        from pg_database
        cross join aclexplode(coalesce(pg_database.datacl, acldefault('d', pg_database.datdba))) as entry
        where
            pg_database.datname = current_database()
            and entry.grantee = 0
            and entry.privilege_type = 'TEMPORARY'
            and pg_has_role(pg_database.datdba, 'usage')
    ) then
        execute format('revoke temporary on database %I from public', current_database());
    end if;
end
$$;
