select instance_lease.instance_id
from core.instance_lease
where instance_lease.city_id is null
order by instance_lease.instance_id
