-- Grain: one row per box of a sight that may train: accepted by rule and not rejected by a
-- person, or held back by rule and accepted or renamed by a person.
create view mart.accepted_label as
select
    decided_label.label_id,
    decided_label.city_id,
    decided_label.sight_id,
    decided_label.sha256,
    decided_label.x1,
    decided_label.y1,
    decided_label.x2,
    decided_label.y2,
    decided_label.score,
    decided_label.recorded_at,
    coalesce(decided_label.review in ('accept', 'rename'), false) as is_reviewed
from mart.decided_label
where decided_label.state = 'accepted';

comment on view mart.accepted_label is 'One row per box of a sight that may train.';
comment on column mart.accepted_label.label_id is 'The label.';
comment on column mart.accepted_label.city_id is 'The city.';
comment on column mart.accepted_label.sight_id is 'The sight, after review.';
comment on column mart.accepted_label.sha256 is 'The photo.';
comment on column mart.accepted_label.x1 is 'Left edge, share of the width.';
comment on column mart.accepted_label.y1 is 'Upper edge, share of the height, from the top.';
comment on column mart.accepted_label.x2 is 'Right edge, share of the width.';
comment on column mart.accepted_label.y2 is 'Lower edge, share of the height, from the top.';
comment on column mart.accepted_label.score is 'Confidence of the provider, 0 to 1.';
comment on column mart.accepted_label.recorded_at is 'When the label became known.';
comment on column mart.accepted_label.is_reviewed is 'Whether a person said so.';
