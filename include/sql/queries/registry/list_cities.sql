select
    city.city_id,
    city.slug,
    city.name,
    city.country,
    city.latitude,
    city.longitude,
    city.radius_meters,
    city.state,
    city.overrides
from core.city
where city.state = any(%(states)s)
order by city.slug
