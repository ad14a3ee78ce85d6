insert into core.label (
    call_id, annotation_number, city_id, sha256, sight_id, description, mid, score,
    x1, y1, x2, y2, latitude, longitude, state, reason
)
-- Sorted, so that two readings of the same answers lock their labels in the same order.
select distinct on (label.call_id, label.annotation_number, label.city_id)
    label.call_id,
    label.annotation_number,
    label.city_id,
    label.sha256,
    label.sight_id,
    label.description,
    label.mid,
    label.score,
    label.x1,
    label.y1,
    label.x2,
    label.y2,
    label.latitude,
    label.longitude,
    label.state,
    label.reason
from load.label
where label.batch_id = %(batch_id)s
order by label.call_id, label.annotation_number, label.city_id
on conflict (call_id, annotation_number, city_id) do update
    set
        sight_id = excluded.sight_id,
        x1 = excluded.x1,
        y1 = excluded.y1,
        x2 = excluded.x2,
        y2 = excluded.y2,
        latitude = excluded.latitude,
        longitude = excluded.longitude,
        state = excluded.state,
        reason = excluded.reason,
        changed_at = now()
    -- A label belongs to the hour in which it was read first, however often it is read anew.
    where
    (label.sight_id, label.state, label.reason, label.x1, label.y1, label.x2, label.y2)
    is distinct from
    (
        excluded.sight_id, excluded.state, excluded.reason,
        excluded.x1, excluded.y1, excluded.x2, excluded.y2
    );
