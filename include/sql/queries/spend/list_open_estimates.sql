select
    spend_estimate.city_id,
    spend_estimate.dag_id,
    spend_estimate.run_id
from core.spend_estimate
where
    spend_estimate.ended_at is null
    and spend_estimate.refusal is null
order by spend_estimate.estimated_at
