insert into core.photo (
    sha256, byte_count, width_pixels, height_pixels, media_type, perceptual_hash, cluster_sha256,
    recorded_at
)
select sha256, 8, 640, 480, 'image/jpeg', sha256, sha256, at from numbered
