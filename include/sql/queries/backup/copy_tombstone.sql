insert into core.removed_photo (
    sha256, reason, removed_by, recorded_at, cluster_sha256, object_uri, perceptual_hash
)
values (
    %(sha256)s, %(reason)s, %(removed_by)s, %(recorded_at)s, %(cluster_sha256)s, %(object_uri)s,
    %(perceptual_hash)s
)
on conflict (sha256) do nothing
