insert into core.label (
    call_id, annotation_number, city_id, sha256, sight_id, description, score, x1, y1, x2, y2,
    state, recorded_at, changed_at
)
select
    paid_call.call_id, 0, brought.city_id, brought.sha256, brought.sight_id, 'd', 0.5, 0.1, 0.1,
    0.9, 0.9, 'accepted', brought.at, brought.at
from brought
inner join core.paid_call on brought.sha256 = paid_call.subject_sha256
