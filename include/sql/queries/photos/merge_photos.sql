-- Sorted, so that two crawls that found the same photos lock them in the same order: whose insert
-- succeeds writes the bytes, the other waits for its commit and finds the photo there.
-- A photo is its own cluster until it is compared with the others.
insert into core.photo (
    sha256, byte_count, width_pixels, height_pixels, media_type, perceptual_hash, cluster_sha256
)
select distinct on (loaded.sha256)
    loaded.sha256,
    loaded.byte_count,
    loaded.width_pixels,
    loaded.height_pixels,
    loaded.media_type,
    loaded.perceptual_hash,
    loaded.sha256 as cluster_sha256
from load.photo as loaded
where loaded.batch_id = %(batch_id)s
order by loaded.sha256
on conflict (sha256) do nothing
returning sha256
