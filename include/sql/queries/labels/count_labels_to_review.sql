select
    label_to_review.kind,
    label_to_review.reason,
    label_to_review.likely_sight_id as sight_id,
    count(*) as label_count,
    count(*) filter (where label_to_review.has_box and label_to_review.sight_id is not null) as acceptable_count
from mart.label_to_review
where
    label_to_review.city_id = %(city_id)s
    and label_to_review.score >= %(min_score)s
    and label_to_review.score < %(below_score)s
group by label_to_review.kind, label_to_review.reason, label_to_review.likely_sight_id
order by label_to_review.kind, label_to_review.reason, label_to_review.likely_sight_id
