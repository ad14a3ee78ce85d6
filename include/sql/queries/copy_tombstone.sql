insert into core.removed_photo (sha256, reason, removed_by, recorded_at, cluster_sha256, object_uri)
values (%s, %s, %s, %s, %s, %s)
on conflict (sha256) do nothing
