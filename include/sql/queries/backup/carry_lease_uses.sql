-- Which run held an instance in these sessions, whose ids are others here.
insert into core.lease_use
select (
    jsonb_populate_record(
        null::core.lease_use,
        carried.content || jsonb_build_object('session_id', session.session_id)
    )
).*
from carried
inner join carried as source
    on
        source.table_name = 'instance_session'
        and carried.content -> 'session_id' = source.content -> 'session_id'
inner join core.instance_session as session
    on
        source.content ->> 'instance_id' = session.instance_id
        and session.started_at = (source.content ->> 'started_at')::timestamptz
where carried.table_name = 'lease_use'
on conflict (session_id, leased_at) do update
    set released_at = excluded.released_at
