delete from core.instance_lease
where
    instance_lease.instance_id = %(instance_id)s
    and instance_lease.city_id is null
    and instance_lease.run_id = %(instance_id)s || ' ' || %(claim)s
