-- The sight that a photo was shared for, if it is one of a city that has runs.
select sight.name
from core.sight
inner join core.city on sight.city_id = city.city_id
where
    sight.sight_id = %(sight_id)s
    and sight.city_id = %(city_id)s
    and sight.state in ('active', 'retired')
    and city.state = 'active'
