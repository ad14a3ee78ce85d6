-- Written only when it is about to matter: whoever looks every two seconds would leave a dead row
-- each time.
update core.lease_request
set renewed_at = now()
from unnest(%(dag_ids)s::text[], %(run_ids)s::text[]) as waiting (dag_id, run_id)
where
    lease_request.dag_id = waiting.dag_id
    and lease_request.run_id = waiting.run_id
    and lease_request.renewed_at < now() - make_interval(secs => %(renewal_seconds)s)
