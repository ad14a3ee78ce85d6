update core.instance_lease
set handed_over_at = null
where
    instance_lease.dag_id = %(dag_id)s
    and instance_lease.run_id = %(run_id)s
    and instance_lease.handed_over_at is not null
returning instance_lease.instance_id
