-- Why budgets stopped runs this month (UTC), each sentence once.
select distinct spend_estimate.refusal
from core.spend_estimate
where
    spend_estimate.refusal is not null
    and spend_estimate.estimated_at >= date_trunc('month', now(), 'UTC')
order by spend_estimate.refusal
