copy core.photo_blob (sha256, bytes, uri) from stdin with (format binary); -- noqa: PRS
