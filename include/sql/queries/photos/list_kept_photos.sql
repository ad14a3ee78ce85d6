-- Photos that crawls kept for a city's sights, each once a sight with its first source, the newest
-- first; a page of them, behind the last one of the page before.
select
    photo_source.sha256,
    photo_source.sight_id,
    sight.name as sight_name,
    photo_source.recorded_at,
    photo_source.source,
    photo_source.licence,
    photo_source.licence_url,
    photo_source.author,
    photo_source.title,
    photo.width_pixels,
    photo.height_pixels,
    coalesce(photo_source.page_url, photo_source.url) as page_url,
    photo.cluster_sha256 <> photo.sha256 as is_near_copy
from core.sight
inner join core.photo_source on sight.sight_id = photo_source.sight_id
inner join core.photo on photo_source.sha256 = photo.sha256
where
    sight.city_id = %(city_id)s
    and (%(sight_id)s::bigint is null or sight.sight_id = %(sight_id)s)
    and (%(sha256s)s::bytea[] is null or photo_source.sha256 = any(%(sha256s)s::bytea[]))
    and (
        %(after_recorded_at)s::timestamptz is null
        or (photo_source.recorded_at, photo_source.sha256, photo_source.sight_id)
        < (%(after_recorded_at)s, %(after_sha256)s::bytea, %(after_sight_id)s::bigint)
    )
    and not exists (
        select 1
        from core.photo_source as earlier
        where
            earlier.sha256 = photo_source.sha256
            and earlier.sight_id = photo_source.sight_id
            and (earlier.recorded_at, earlier.url_sha256) < (photo_source.recorded_at, photo_source.url_sha256)
    )
    and not exists (
        select 1
        from core.removed_photo
        where removed_photo.sha256 = photo_source.sha256
    )
order by photo_source.recorded_at desc, photo_source.sha256 desc, photo_source.sight_id desc
limit %(most)s
