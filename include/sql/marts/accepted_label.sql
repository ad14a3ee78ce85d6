-- Grain: one row per box of a sight that may train: accepted by rule and not rejected by a
-- person, or held back by rule and accepted or renamed by a person.
create view mart.accepted_label as
with last_review as (
    select distinct on (label_review.label_id)
        label_review.label_id,
        label_review.decision,
        label_review.sight_id
    from core.label_review
    order by label_review.label_id asc, label_review.recorded_at desc, label_review.review_id desc
),

decided as (
    select
        label.label_id,
        label.city_id,
        label.sha256,
        label.x1,
        label.y1,
        label.x2,
        label.y2,
        label.score,
        label.recorded_at,
        coalesce(last_review.sight_id, label.sight_id) as sight_id,
        case last_review.decision
            when 'reject' then false
            when 'accept' then true
            when 'rename' then true
            else label.state = 'accepted'
        end as is_accepted
    from core.label
    left join last_review on label.label_id = last_review.label_id
)

select
    decided.label_id,
    decided.city_id,
    decided.sight_id,
    decided.sha256,
    decided.x1,
    decided.y1,
    decided.x2,
    decided.y2,
    decided.score,
    decided.recorded_at
from decided
where
    decided.is_accepted
    and decided.sight_id is not null
    and decided.x1 < decided.x2
    and decided.y1 < decided.y2;

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
