-- Where the photos of a city's sights were taken, of those sights of which kind and height say nothing.
with place as (
    select distinct
        accepted_label.sight_id,
        photo_source.camera_latitude,
        photo_source.camera_longitude
    from mart.accepted_label
    inner join core.photo_source on accepted_label.sha256 = photo_source.sha256
    where
        accepted_label.city_id = %(city_id)s
        and photo_source.camera_latitude is not null
)

select
    sight.sight_id,
    sight.latitude,
    sight.longitude,
    coalesce(
        array_agg(place.camera_latitude) filter (where place.camera_latitude is not null), '{}'
    ) as camera_latitudes,
    coalesce(
        array_agg(place.camera_longitude) filter (where place.camera_longitude is not null), '{}'
    ) as camera_longitudes
from core.sight
inner join core.sight_facts on sight.sight_id = sight_facts.sight_id
left join place on sight.sight_id = place.sight_id
where
    sight.city_id = %(city_id)s
    and sight.latitude is not null
    and sight_facts.view_basis in ('usual', 'photos')
group by sight.sight_id
order by sight.sight_id
