-- The sights of all other cities with their places; of one that has none, the city's.
select
    sight.sight_id,
    coalesce(sight.latitude, city.latitude) as latitude,
    coalesce(sight.longitude, city.longitude) as longitude
from core.sight
inner join core.city on sight.city_id = city.city_id
where
    sight.city_id <> %(city_id)s
    and sight.state in ('active', 'retired')
order by sight.sight_id
