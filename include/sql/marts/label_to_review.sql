-- Grain: one row per label that waits for a person, or that a person decided.
-- Held back by a rule, unmatched, or accepted by a rule below a score of one half.
create view mart.label_to_review as
select
    decided_label.label_id,
    decided_label.city_id,
    decided_label.sha256,
    decided_label.sight_id,
    decided_label.review,
    decided_label.x1,
    decided_label.y1,
    decided_label.x2,
    decided_label.y2,
    decided_label.score,
    coalesce(decided_label.sight_id, found.sight_id) as likely_sight_id,
    decided_label.x1 < decided_label.x2 and decided_label.y1 < decided_label.y2 as has_box,
    case
        when decided_label.review <> 'withdraw' then 'decided'
        when decided_label.state = 'accepted' then 'uncertain'
        else decided_label.state
    end as kind,
    case
        when decided_label.review <> 'withdraw' then decided_label.review
        when decided_label.state = 'accepted' then 'uncertain_score'
        else decided_label.reason
    end as reason
from mart.decided_label
-- What nobody could match is most likely what the photo was searched for.
left join lateral (
    select photo_source.sight_id
    from core.photo_source
    inner join core.sight on photo_source.sight_id = sight.sight_id
    where
        photo_source.sha256 = decided_label.sha256
        and sight.city_id = decided_label.city_id
        and decided_label.sight_id is null
        -- What holds backgrounds is no sight.
        and sight.state not in ('elsewhere', 'streets')
    order by photo_source.recorded_at, photo_source.sight_id
    limit 1
) as found on true
where
    (
        decided_label.state in ('held_back', 'unmatched')
        or decided_label.score < 0.5
        or decided_label.review <> 'withdraw'
    )
    and not exists (
        select 1
        from core.removed_photo
        where removed_photo.sha256 = decided_label.sha256
    );

comment on view mart.label_to_review is 'One row per label that waits for a person, or that a person decided.';
comment on column mart.label_to_review.label_id is 'The label.';
comment on column mart.label_to_review.city_id is 'The city.';
comment on column mart.label_to_review.sha256 is 'The photo.';
comment on column mart.label_to_review.sight_id is 'The sight, after review; null if unmatched.';
comment on column mart.label_to_review.likely_sight_id is 'The sight, else the one that the photo was found for.';
comment on column mart.label_to_review.review is 'The last decision: accept, reject, rename, no_sight or withdraw; null if there is none.';
comment on column mart.label_to_review.x1 is 'Left edge, share of the width.';
comment on column mart.label_to_review.y1 is 'Upper edge, share of the height, from the top.';
comment on column mart.label_to_review.x2 is 'Right edge, share of the width.';
comment on column mart.label_to_review.y2 is 'Lower edge, share of the height, from the top.';
comment on column mart.label_to_review.score is 'Confidence of the provider, 0 to 1.';
comment on column mart.label_to_review.has_box is 'Whether the box has an area: without one it can be neither accepted nor renamed.';
comment on column mart.label_to_review.kind is 'held_back, uncertain (accepted with a low score) or unmatched; decided if a person spoke last.';
comment on column mart.label_to_review.reason is 'Why it waits; of what is decided: the decision.';
