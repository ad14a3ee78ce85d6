insert into core.removed_photo (
    sha256, reason, removed_by, cluster_sha256, object_uri, perceptual_hash
)
select
    asked.sha256,
    %(reason)s,
    %(removed_by)s,
    photo.cluster_sha256,
    photo_blob.uri,
    photo.perceptual_hash
from unnest(%(sha256s)s::bytea[]) as asked (sha256)
left join core.photo on asked.sha256 = photo.sha256
left join core.photo_blob on asked.sha256 = photo_blob.sha256
order by asked.sha256
-- What was said first stays said.
on conflict (sha256) do update
    set
        cluster_sha256 = coalesce(excluded.cluster_sha256, removed_photo.cluster_sha256),
        object_uri = coalesce(excluded.object_uri, removed_photo.object_uri),
        perceptual_hash = coalesce(excluded.perceptual_hash, removed_photo.perceptual_hash);
