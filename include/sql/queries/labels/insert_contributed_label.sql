-- Without a box, so that a person must draw one: what the sender or a model thinks is no label. None of a
-- photo that was taken down meanwhile.
insert into core.label (
    call_id, annotation_number, city_id, sha256, sight_id, description, score, x1, y1, x2, y2, state, reason
)
select
    null as call_id,
    0 as annotation_number,
    sight.city_id,
    photo.sha256,
    sight.sight_id,
    sight.name as description,
    1 as score,
    0 as x1,
    0 as y1,
    0 as x2,
    0 as y2,
    'held_back' as state,
    'contributed' as reason
from core.sight
cross join core.photo
where
    sight.sight_id = %(sight_id)s
    and photo.sha256 = %(sha256)s
on conflict (city_id, sha256, sight_id) where call_id is null do nothing
