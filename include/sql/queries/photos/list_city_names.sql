-- What was fetched for other sights of the city: the same photo need not be fetched for this one,
-- whether it comes from the same address or under the same identifier.
with elsewhere as (
    select
        photo_source.url_sha256,
        photo_source.sha256,
        photo_source.recorded_at
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
),

named as (
    select
        elsewhere.url_sha256 as name_sha256,
        elsewhere.sha256,
        elsewhere.recorded_at
    from elsewhere
    union all
    select
        photo_identifier.identifier_sha256 as name_sha256,
        elsewhere.sha256,
        elsewhere.recorded_at
    from elsewhere
    inner join core.photo_identifier on elsewhere.url_sha256 = photo_identifier.url_sha256
)

select distinct on (named.name_sha256)
    named.name_sha256,
    named.sha256
from named
order by named.name_sha256 asc, named.recorded_at desc
