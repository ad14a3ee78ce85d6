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
where %(state)s::text is null or city.state = %(state)s
order by city.slug
