select
    photo.sha256,
    photo.byte_count
from core.photo
where photo.sha256 = any(%(sha256s)s)
