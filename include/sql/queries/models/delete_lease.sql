delete from core.instance_lease
where
    instance_lease.dag_id = %(dag_id)s
    and instance_lease.run_id = %(run_id)s
returning instance_id
