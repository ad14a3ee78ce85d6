-- Of a warehouse of any version: what an older one does not have is none.
select
    removed_photo.sha256,
    removed_photo.reason,
    removed_photo.removed_by,
    removed_photo.recorded_at,
    (to_jsonb(removed_photo) ->> 'cluster_sha256')::bytea as cluster_sha256,
    to_jsonb(removed_photo) ->> 'object_uri' as object_uri,
    (to_jsonb(removed_photo) ->> 'perceptual_hash')::bytea as perceptual_hash
from core.removed_photo
order by removed_photo.sha256
