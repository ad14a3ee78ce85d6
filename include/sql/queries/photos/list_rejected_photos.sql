-- Photos that crawls found for a city's sights and did not keep, the newest first. What was left out
-- for its licence once, and is kept now, is none.
select
    rejected_photo.url,
    rejected_photo.sight_id,
    sight.name as sight_name,
    rejected_photo.recorded_at,
    rejected_photo.source,
    rejected_photo.reason,
    rejected_photo.detail
from core.sight
inner join core.rejected_photo on sight.sight_id = rejected_photo.sight_id
where
    sight.city_id = %(city_id)s
    and (%(sight_id)s::bigint is null or sight.sight_id = %(sight_id)s)
    and (%(reason)s::text is null or rejected_photo.reason = %(reason)s)
    and not exists (
        select 1
        from core.photo_source as kept
        where
            kept.url_sha256 = rejected_photo.url_sha256
            and kept.sight_id = rejected_photo.sight_id
    )
order by rejected_photo.recorded_at desc, rejected_photo.url_sha256 desc, rejected_photo.sight_id desc
limit %(most)s
