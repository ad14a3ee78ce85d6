-- outside a transaction
-- squawk-disable-assume-in-transaction
-- Licences have one short id each from now on: those that were stored as Commons writes them. In
-- small transactions, so that nobody waits for a warehouse's worth of rows; up to now, since programs
-- of the version before may go on writing theirs, and this must end.
do $$
declare
    started_at constant timestamptz := clock_timestamp();
begin
    loop
        update core.photo_source
        set
            licence = case
                when licence ~* '^cc0' then 'cc0-1.0'
                when licence ~* '^public domain' then 'public-domain'
                else lower(replace(licence, ' ', '-'))
            end
        where ctid = any(array(
            select ctid from core.photo_source
            where licence ~ '[A-Z ]' and recorded_at < started_at
            limit 20000
        ));
        exit when not found;
        commit;
    end loop;
end
$$;
