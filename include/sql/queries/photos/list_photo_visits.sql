select
    photo_visit.url_sha256,
    photo_visit.etag,
    photo_visit.last_modified
from core.photo_visit
where exists (
    select 1
    from core.photo_source
    where
        photo_source.url_sha256 = photo_visit.url_sha256
        and photo_source.sight_id = %(sight_id)s
)
