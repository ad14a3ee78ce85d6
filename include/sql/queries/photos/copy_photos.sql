copy load.photo (
    batch_id, sha256, byte_count, width_pixels, height_pixels, media_type, perceptual_hash,
    sight_id, url, page_url, source, licence, licence_url, author, title, query, found_at, taken_on,
    camera_latitude, camera_longitude
) from stdin with (format binary); -- noqa: PRS
