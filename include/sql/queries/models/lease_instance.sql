-- The one that is served leaves the queue as it gets its lease. The two keys of core.instance_lease
-- hold whatever happens: an instance has one holder, and a run holds one instance. Expired leases
-- are not taken over: their instance may still be at work, and it is the reaper that stops it.
with served as (
    delete from core.lease_request
    where
        lease_request.dag_id = %(dag_id)s
        and lease_request.run_id = %(run_id)s
    returning city_id, dag_id, run_id, lease_seconds
)

insert into core.instance_lease (instance_id, city_id, dag_id, run_id, deadline_at)
select
    %(instance_id)s as instance_id,
    served.city_id,
    served.dag_id,
    served.run_id,
    now() + make_interval(secs => served.lease_seconds) as deadline_at
from served
on conflict do nothing
