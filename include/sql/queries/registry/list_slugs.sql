select
    city.city_id,
    city.slug
from core.city
