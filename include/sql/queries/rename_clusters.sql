update core.photo
set cluster_sha256 = renamed.new_sha256
from unnest(%(old_sha256s)s::bytea[], %(new_sha256s)s::bytea[]) as renamed (old_sha256, new_sha256)
where photo.cluster_sha256 = renamed.old_sha256
