-- Grain: one row per label, with what people decided: the last review counts.
-- A person can accept or rename only what is a box of a sight; what is none stays as it was read.
create view mart.decided_label as
select
    label.label_id,
    label.city_id,
    label.sha256,
    label.x1,
    label.y1,
    label.x2,
    label.y2,
    label.score,
    label.reason,
    label.recorded_at,
    last_review.decision as review,
    coalesce(last_review.sight_id, label.sight_id) as sight_id,
    case
        when last_review.decision = 'reject' then 'rejected'
        when
            coalesce(last_review.sight_id, label.sight_id) is null or label.x1 >= label.x2 or label.y1 >= label.y2
            then case label.state when 'accepted' then 'held_back' else label.state end
        when last_review.decision in ('accept', 'rename') then 'accepted'
        else label.state
    end as state
from core.label
-- For each label alone, so that a query for one city or one photo reads its reviews only.
left join lateral (
    select
        label_review.decision,
        label_review.sight_id
    from core.label_review
    where label_review.label_id = label.label_id
    order by label_review.recorded_at desc, label_review.review_id desc
    limit 1
) as last_review on true;

comment on view mart.decided_label is 'One row per label with what people decided about it.';
comment on column mart.decided_label.label_id is 'The label.';
comment on column mart.decided_label.city_id is 'The city.';
comment on column mart.decided_label.sha256 is 'The photo.';
comment on column mart.decided_label.x1 is 'Left edge, share of the width.';
comment on column mart.decided_label.y1 is 'Upper edge, share of the height, from the top.';
comment on column mart.decided_label.x2 is 'Right edge, share of the width.';
comment on column mart.decided_label.y2 is 'Lower edge, share of the height, from the top.';
comment on column mart.decided_label.score is 'Confidence of the provider, 0 to 1.';
comment on column mart.decided_label.reason is 'Why a rule did not accept it.';
comment on column mart.decided_label.recorded_at is 'When the label became known.';
comment on column mart.decided_label.sight_id is 'The sight, after review.';
comment on column mart.decided_label.review is 'The last decision: accept, reject or rename; null if there is none.';
comment on column mart.decided_label.state is 'accepted (may train), held_back, unmatched, or rejected by a person.';
