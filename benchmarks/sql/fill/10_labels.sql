-- Of ten photos one is empty, one unmatched, one held back.
insert into core.label (
    call_id, annotation_number, city_id, sha256, sight_id, description, score, x1, y1, x2, y2,
    state, reason, recorded_at, changed_at
)
select
    n + 1, 0, city_id, sha256, case when n %% 10 <> 1 then sight_id end, 'd', 0.5, 0.1, 0.1, 0.9,
    0.9, case n %% 10 when 1 then 'unmatched' when 2 then 'held_back' else 'accepted' end,
    case n %% 10 when 1 then 'no such sight' when 2 then 'too small' end, at, at
from numbered
where n %% 10 > 0
