-- Grain: one row per label, with what people decided: the last review counts.
-- A person can accept or rename only what is a box of a sight; what is none stays as it was read.
-- Most labels have no review. They are told from the others by an anti-join, for which the planner
-- reads few reviews by index or all of them at once, whichever is less; a look at the reviews of
-- each label would be as many looks as there are labels.
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
    null::text as review,
    label.sight_id,
    label.state
from core.label
where
    not exists (
        select 1
        from core.label_review
        where label_review.label_id = label.label_id
    )
union all
select
    label.label_id,
    label.city_id,
    label.sha256,
    coalesce(last_review.x1, label.x1) as x1,
    coalesce(last_review.y1, label.y1) as y1,
    coalesce(last_review.x2, label.x2) as x2,
    coalesce(last_review.y2, label.y2) as y2,
    label.score,
    label.reason,
    label.recorded_at,
    last_review.decision as review,
    coalesce(last_review.sight_id, label.sight_id) as sight_id,
    case
        when last_review.decision in ('reject', 'no_sight') then 'rejected'
        when
            coalesce(last_review.sight_id, label.sight_id) is null
            or coalesce(last_review.x1, label.x1) >= coalesce(last_review.x2, label.x2)
            or coalesce(last_review.y1, label.y1) >= coalesce(last_review.y2, label.y2)
            then case label.state when 'accepted' then 'held_back' else label.state end
        when last_review.decision in ('accept', 'rename') then 'accepted'
        else label.state
    end as state
from core.label
inner join core.label_review as last_review on label.label_id = last_review.label_id
where
    not exists (
        select 1
        from core.label_review as later
        where
            later.label_id = last_review.label_id
            and (later.recorded_at, later.review_id) > (last_review.recorded_at, last_review.review_id)
    );

comment on view mart.decided_label is 'One row per label with what people decided about it.';
comment on column mart.decided_label.label_id is 'The label.';
comment on column mart.decided_label.city_id is 'The city.';
comment on column mart.decided_label.sha256 is 'The photo.';
comment on column mart.decided_label.x1 is 'Left edge, as a person drew it if one did, share of the width.';
comment on column mart.decided_label.y1 is 'Upper edge, share of the height, from the top.';
comment on column mart.decided_label.x2 is 'Right edge, share of the width.';
comment on column mart.decided_label.y2 is 'Lower edge, share of the height, from the top.';
comment on column mart.decided_label.score is 'Confidence of the provider, 0 to 1.';
comment on column mart.decided_label.reason is 'Why a rule did not accept it.';
comment on column mart.decided_label.recorded_at is 'When the label became known.';
comment on column mart.decided_label.sight_id is 'The sight, after review.';
comment on column mart.decided_label.review is 'The last decision: accept, reject, rename, no_sight or withdraw; null if there is none.';
comment on column mart.decided_label.state is 'accepted (may train), held_back, unmatched, or rejected by a person.';
