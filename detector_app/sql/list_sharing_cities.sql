-- Cities that have runs: what is shared for others would be refused.
select
    city_overview.city_id,
    city_overview.city_name
from mart.city_overview
where
    city_overview.state = 'active'
    and city_overview.sight_count > 0
order by city_overview.city_name, city_overview.city_id
limit 2000
