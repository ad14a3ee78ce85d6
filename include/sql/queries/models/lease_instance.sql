-- The one that is served leaves the queue as it gets its lease, and keeps its place if it gets none:
-- the reaper may have taken hold of the instance at this moment. The two keys of core.instance_lease
-- hold whatever happens: an instance has one holder, and a run holds one instance. Expired leases
-- are not taken over: their instance may still be at work, and it is the reaper that stops it.
with served as (
    select
        lease_request.city_id,
        lease_request.dag_id,
        lease_request.run_id,
        lease_request.lease_seconds
    from core.lease_request
    where
        lease_request.dag_id = %(dag_id)s
        and lease_request.run_id = %(run_id)s
    -- It may be leaving the queue by itself.
    for update
),

leased as (
    insert into core.instance_lease (instance_id, city_id, dag_id, run_id, deadline_at)
    select
        %(instance_id)s as instance_id,
        served.city_id,
        served.dag_id,
        served.run_id,
        now() + make_interval(secs => served.lease_seconds) as deadline_at
    from served
    on conflict do nothing
    returning dag_id, run_id
)

delete from core.lease_request
using leased
where
    lease_request.dag_id = leased.dag_id
    and lease_request.run_id = leased.run_id
