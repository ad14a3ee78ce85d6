with released as (
    update core.lease_use
    set released_at = greatest(now(), lease_use.leased_at)
    where
        lease_use.dag_id = %(dag_id)s
        and lease_use.run_id = %(run_id)s
        and lease_use.released_at is null
)

delete from core.instance_lease
where
    instance_lease.dag_id = %(dag_id)s
    and instance_lease.run_id = %(run_id)s
returning instance_id
