select
    photo_blob.bytes,
    photo_blob.uri
from core.photo_blob
where photo_blob.sha256 = %(sha256)s
