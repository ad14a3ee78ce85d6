-- Take a place that is free, or whose holder must be dead; no row: none is. Of two who see the same
-- one free, the second gets none, and asks again.
insert into core.request_slot as place (pool, slot, holder, expires_at)
select
    %(pool)s,
    candidate.slot,
    %(holder)s,
    clock_timestamp() + make_interval(secs => %(lease_seconds)s) as expires_at
from generate_series(1, %(at_once)s) as candidate (slot)
left join core.request_slot as taken
    on taken.pool = %(pool)s and candidate.slot = taken.slot
where taken.slot is null or taken.expires_at <= clock_timestamp()
order by random()
limit 1
on conflict (pool, slot) do update
    set holder = excluded.holder, expires_at = excluded.expires_at
    where place.expires_at <= clock_timestamp()
returning place.slot;
