-- severity: warn
-- scope: city
-- A session of more than a day on average is an instance that nobody stopped.
select
    spend_by_month.city_id,
    spend_by_month.month_at,
    spend_by_month.gpu_seconds
from mart.spend_by_month
where
    (%(city_id)s::text is null or spend_by_month.city_id = %(city_id)s)
    and (%(keys)s::text[] is null or coalesce(spend_by_month.city_id, '') = any(%(keys)s::text[]))
    and spend_by_month.gpu_seconds > spend_by_month.units * 86400;
