-- A run waits once, since it first asked; one that holds an instance does not wait.
insert into core.lease_request (dag_id, run_id, city_id, instance_ids, lease_seconds)
select
    %(dag_id)s as dag_id,
    %(run_id)s as run_id,
    %(city_id)s as city_id,
    %(instance_ids)s::text[] as instance_ids,
    %(seconds)s as lease_seconds
where
    not exists (
        select 1
        from core.instance_lease
        where
            instance_lease.dag_id = %(dag_id)s
            and instance_lease.run_id = %(run_id)s
    )
on conflict (dag_id, run_id) do update
    set
        instance_ids = excluded.instance_ids,
        lease_seconds = excluded.lease_seconds,
        renewed_at = now()
