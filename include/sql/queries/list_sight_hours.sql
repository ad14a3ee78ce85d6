-- The hours whose facts count what hangs on the sights of one state in a city.
with concerned as (
    select sight.sight_id
    from core.sight
    where
        sight.city_id = %(city_id)s
        and sight.state = %(state)s
)

select date_trunc('hour', photo_source.recorded_at, 'UTC') as hour_at
from concerned
inner join core.photo_source on concerned.sight_id = photo_source.sight_id
union
select date_trunc('hour', rejected_photo.recorded_at, 'UTC') as hour_at
from concerned
inner join core.rejected_photo on concerned.sight_id = rejected_photo.sight_id
union
select date_trunc('hour', label.recorded_at, 'UTC') as hour_at
from concerned
inner join core.label on concerned.sight_id = label.sight_id;
