update core.instance_lease
set refused_starts = instance_lease.refused_starts + 1
where
    instance_lease.dag_id = %(dag_id)s
    and instance_lease.run_id = %(run_id)s
returning instance_lease.refused_starts
