-- The instance stays held: nobody may lease what could not be stopped. The next round takes it over.
update core.instance_lease
set deadline_at = greatest(now(), instance_lease.leased_at + interval '1 microsecond')
where
    instance_lease.instance_id = %(instance_id)s
    and instance_lease.city_id is null
    and instance_lease.run_id = %(instance_id)s || ' ' || %(claim)s
