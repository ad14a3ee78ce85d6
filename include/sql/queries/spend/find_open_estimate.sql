-- What a run that may spend now was promised to cost at most, if there is one.
select
    spend_estimate.most_units,
    spend_estimate.most_usd::double precision as most_usd
from core.spend_estimate
where
    spend_estimate.dag_id = %(dag_id)s
    and spend_estimate.run_id = %(run_id)s
    and spend_estimate.ended_at is null
    and spend_estimate.refusal is null;
