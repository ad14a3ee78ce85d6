select
    photo.sha256,
    photo.cluster_sha256
from core.photo
where photo.sha256 = any(%(sha256s)s)
