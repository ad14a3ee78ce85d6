-- What need not be fetched again for a sight: kept before, refused for good, or taken down for
-- whatever sight it was found.
select photo_source.url_sha256
from core.photo_source
where photo_source.sight_id = %(sight_id)s
union
select rejected_photo.url_sha256
from core.rejected_photo
where
    rejected_photo.sight_id = %(sight_id)s
    and (
        %(licence_policy)s::text = 'open'
        or rejected_photo.reason not in ('licence', 'no_licence')
    )
union
select removed_url.url_sha256
from core.removed_url
