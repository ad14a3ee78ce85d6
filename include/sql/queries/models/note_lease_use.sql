-- Whoever holds an instance whose session is open pays for it from the lease on; again is the same.
insert into core.lease_use (session_id, instance_id, city_id, dag_id, run_id, leased_at)
select
    instance_session.session_id,
    instance_lease.instance_id,
    instance_lease.city_id,
    instance_lease.dag_id,
    instance_lease.run_id,
    instance_lease.leased_at
from core.instance_lease
inner join core.instance_session on instance_lease.instance_id = instance_session.instance_id
where
    instance_lease.dag_id = %(dag_id)s
    and instance_lease.run_id = %(run_id)s
    and instance_lease.city_id is not null
    and instance_session.stopped_at is null
on conflict do nothing
