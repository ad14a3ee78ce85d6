copy load.label (
    batch_id, call_id, annotation_number, city_id, sha256, sight_id, description, mid, score,
    x1, y1, x2, y2, latitude, longitude, state, reason
) from stdin with (format binary); -- noqa: PRS
