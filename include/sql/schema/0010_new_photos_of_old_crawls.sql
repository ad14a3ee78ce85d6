-- outside a transaction
-- squawk-disable-assume-in-transaction
-- Crawls that were reported before there was the column. In small transactions, and up to now: a
-- program of the version before may go on writing reports without it, which the estimate leaves out.
do $$
declare
    started_at constant timestamptz := clock_timestamp();
begin
    loop
        update core.stage_report
        set photos_new = (report ->> 'kept')::bigint
        where ctid = any(array(
            select ctid from core.stage_report
            where
                task_id = 'crawl_photos'
                and photos_new is null
                and jsonb_typeof(report -> 'kept') = 'number'
                and recorded_at < started_at
            limit 20000
        ));
        exit when not found;
        commit;
    end loop;
end
$$;
