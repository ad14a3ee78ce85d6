copy load.rejected_photo (
    batch_id, sight_id, url, source, reason, detail
) from stdin with (format binary); -- noqa: PRS
