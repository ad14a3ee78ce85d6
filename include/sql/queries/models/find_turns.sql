-- Of runs that were waiting: those that hold an instance by now, and those that are no longer known.
select
    waiting.dag_id,
    waiting.run_id,
    instance_lease.instance_id
from unnest(%(dag_ids)s::text[], %(run_ids)s::text[]) as waiting (dag_id, run_id)
left join core.instance_lease
    on
        waiting.dag_id = instance_lease.dag_id
        and waiting.run_id = instance_lease.run_id
where
    instance_lease.instance_id is not null
    or not exists (
        select 1
        from core.lease_request
        where
            lease_request.dag_id = waiting.dag_id
            and lease_request.run_id = waiting.run_id
    )
