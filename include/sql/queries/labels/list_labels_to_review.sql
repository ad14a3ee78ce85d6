select
    label_to_review.label_id,
    label_to_review.sha256,
    label_to_review.kind,
    label_to_review.reason,
    label_to_review.review,
    label_to_review.sight_id,
    sight.name as sight_name,
    label_to_review.likely_sight_id,
    likely.name as likely_sight_name,
    label_to_review.has_box,
    label_to_review.x1,
    label_to_review.y1,
    label_to_review.x2,
    label_to_review.y2,
    label_to_review.score,
    label.description,
    label.latitude,
    label.longitude,
    likely.latitude as sight_latitude,
    likely.longitude as sight_longitude,
    source.query,
    source.page_url,
    source.author,
    source.licence
from mart.label_to_review
inner join core.label on label_to_review.label_id = label.label_id
left join core.sight on label_to_review.sight_id = sight.sight_id
left join core.sight as likely on label_to_review.likely_sight_id = likely.sight_id
left join lateral (
    select
        photo_source.query,
        photo_source.author,
        photo_source.licence,
        coalesce(photo_source.page_url, photo_source.url) as page_url
    from core.photo_source
    inner join core.sight as query_sight on photo_source.sight_id = query_sight.sight_id
    where
        photo_source.sha256 = label_to_review.sha256
        and query_sight.city_id = label_to_review.city_id
    order by photo_source.recorded_at, photo_source.url_sha256, photo_source.sight_id
    limit 1
) as source on true
where label_to_review.label_id = any(%(label_ids)s::bigint[])
order by array_position(%(label_ids)s::bigint[], label_to_review.label_id)
