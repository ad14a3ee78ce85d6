select
    city.slug,
    city.recorded_at
from core.city
where city.state = 'active'
order by city.slug
