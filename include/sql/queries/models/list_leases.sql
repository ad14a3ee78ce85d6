-- All leases of runs, or that of one run; what the reaper holds is none.
select
    instance_lease.instance_id,
    instance_lease.city_id,
    instance_lease.dag_id,
    instance_lease.run_id,
    instance_lease.leased_at,
    instance_lease.deadline_at,
    instance_lease.deadline_at <= now() as is_expired
from core.instance_lease
where
    instance_lease.city_id is not null
    and (%(dag_id)s::text is null or instance_lease.dag_id = %(dag_id)s)
    and (%(run_id)s::text is null or instance_lease.run_id = %(run_id)s)
order by instance_lease.instance_id
