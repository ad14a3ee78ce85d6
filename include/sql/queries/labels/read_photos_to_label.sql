select
    photo_blob.sha256,
    photo_blob.bytes,
    photo_blob.uri,
    array_agg(distinct photo_source.sight_id) as query_sight_ids
from core.photo_blob
inner join core.photo_source on photo_blob.sha256 = photo_source.sha256
inner join core.sight on photo_source.sight_id = sight.sight_id
where
    photo_blob.sha256 = any(%(sha256s)s)
    and sight.city_id = %(city_id)s
group by photo_blob.sha256;
