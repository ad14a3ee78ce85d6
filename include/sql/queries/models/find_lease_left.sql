select
    instance_lease.instance_id,
    extract(epoch from greatest(instance_lease.deadline_at - now(), interval '0'))::double precision as seconds
from core.instance_lease
where
    instance_lease.dag_id = %(dag_id)s
    and instance_lease.run_id = %(run_id)s
