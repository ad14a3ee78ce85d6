-- Sessions that the backup did not have; of an instance that runs, one is open, here or there.
insert into core.instance_session overriding user value
select (
    jsonb_populate_record(
        null::core.instance_session,
        jsonb_build_object('started_by', 'run') || carried.content
    )
).*
from carried
where
    carried.table_name = 'instance_session'
    and not exists (
        select 1 from core.instance_session as known
        where
            known.instance_id = carried.content ->> 'instance_id'
            and (
                known.started_at = (carried.content ->> 'started_at')::timestamptz
                or (known.stopped_at is null and carried.content ->> 'stopped_at' is null)
            )
    )
