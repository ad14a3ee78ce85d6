-- The hours whose facts count refusals for the sights of one state in a city.
select distinct date_trunc('hour', rejected_photo.recorded_at, 'UTC') as hour_at
from core.sight
inner join core.rejected_photo on sight.sight_id = rejected_photo.sight_id
where
    sight.city_id = %(city_id)s
    and sight.state = %(state)s;
