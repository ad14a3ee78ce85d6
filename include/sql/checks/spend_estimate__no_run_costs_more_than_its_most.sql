-- severity: warn
-- scope: run
-- Else "at most" is not true, and the budgets that rest on it are not kept. Cents are rounded.
select
    spend_estimate.dag_id,
    spend_estimate.run_id,
    spend_estimate.most_usd,
    spend_estimate.actual_usd
from mart.spend_estimate
where
    (%(city_id)s::text is null or spend_estimate.city_id = %(city_id)s)
    and (
        %(keys)s::text[] is null
        or spend_estimate.dag_id || '/' || spend_estimate.run_id = any(%(keys)s::text[])
    )
    and spend_estimate.actual_usd > spend_estimate.most_usd + 0.01;
