-- The estimate of a run that may spend now, if any.
select spend_estimate.most_usd
from core.spend_estimate
where
    spend_estimate.dag_id = %(dag_id)s
    and spend_estimate.run_id = %(run_id)s
    and spend_estimate.ended_at is null
    and spend_estimate.refusal is null;
