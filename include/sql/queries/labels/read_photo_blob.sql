select
    photo_blob.bytes,
    photo_blob.uri
from core.photo_blob
where
    photo_blob.sha256 = %(sha256)s
    and not exists (
        select 1
        from core.removed_photo
        where removed_photo.sha256 = photo_blob.sha256
    )
