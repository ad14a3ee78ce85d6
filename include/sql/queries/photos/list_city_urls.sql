-- What was fetched for other sights of the city: the same URL need not be fetched for this one.
select distinct on (photo_source.url_sha256)
    photo_source.url_sha256,
    photo_source.sha256
from core.photo_source
inner join core.sight on photo_source.sight_id = sight.sight_id
left join core.removed_photo on photo_source.sha256 = removed_photo.sha256
where
    sight.city_id = %(city_id)s
    and photo_source.sight_id <> %(sight_id)s
    and removed_photo.sha256 is null
    and (
        %(since)s::timestamptz is null
        or photo_source.recorded_at > %(since)s::timestamptz
    )
order by photo_source.url_sha256 asc, photo_source.recorded_at desc
