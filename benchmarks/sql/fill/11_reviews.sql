-- A person looked at one of a hundred.
insert into core.label_review (review_id, label_id, decision, reviewed_by, reviewed_at, recorded_at)
select gen_random_uuid(), label_id, 'accept', 'ann', recorded_at, recorded_at
from core.label
where call_id %% 100 = 5
