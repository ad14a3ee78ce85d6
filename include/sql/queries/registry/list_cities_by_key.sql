-- The cities whose slug or Wikidata id is one of these: by their indexes, however many there are.
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
where city.city_id = any(%(keys)s) or city.slug = any(%(keys)s)
