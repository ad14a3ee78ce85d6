-- Where photos that were met again were taken: known by their address, or by an identifier.
with told as (
    select
        told.latitude,
        told.longitude,
        sha256(convert_to(told.name, 'UTF8')) as name_sha256
    from
        unnest(
            %(names)s::text[],
            %(latitudes)s::double precision[],
            %(longitudes)s::double precision[]
        ) as told (name, latitude, longitude)
),

meant as (
    select
        told.name_sha256 as url_sha256,
        told.latitude,
        told.longitude
    from told
    union all
    select
        photo_identifier.url_sha256,
        told.latitude,
        told.longitude
    from told
    inner join core.photo_identifier on told.name_sha256 = photo_identifier.identifier_sha256
),

-- In the order of the keys, as crawls write them: two of them never wait for each other in a circle.
lacking as (
    select
        photo_source.sha256,
        photo_source.url_sha256,
        photo_source.sight_id,
        meant.latitude,
        meant.longitude
    from core.photo_source
    inner join meant on photo_source.url_sha256 = meant.url_sha256
    where photo_source.camera_latitude is null
    order by photo_source.sha256, photo_source.url_sha256, photo_source.sight_id
    for update of photo_source
)

update core.photo_source
set
    camera_latitude = lacking.latitude,
    camera_longitude = lacking.longitude
from lacking
where
    photo_source.sha256 = lacking.sha256
    and photo_source.url_sha256 = lacking.url_sha256
    and photo_source.sight_id = lacking.sight_id
