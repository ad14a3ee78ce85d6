-- The two keys of the table choose: an instance has one holder, and a run holds one instance. So
-- the first free one is taken, the others conflict with the row that it made; and whoever asks at
-- the same moment waits for that row. Expired leases are not taken over: their instance may still
-- be at work, and it is the reaper that stops it.
insert into core.instance_lease (instance_id, city_id, dag_id, run_id, deadline_at)
select
    wanted.instance_id,
    %(city_id)s as city_id,
    %(dag_id)s as dag_id,
    %(run_id)s as run_id,
    now() + make_interval(secs => %(seconds)s) as deadline_at
from unnest(%(instance_ids)s::text[]) with ordinality as wanted (instance_id, place)
order by wanted.place
on conflict do nothing
