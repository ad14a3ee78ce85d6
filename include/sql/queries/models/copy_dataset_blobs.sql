copy (
    select
        photo_blob.sha256,
        photo_blob.bytes,
        photo_blob.uri
    from core.photo_blob
    where photo_blob.sha256 = any(%(sha256s)s)
    order by photo_blob.sha256
) to stdout with (format binary); -- noqa: PRS
