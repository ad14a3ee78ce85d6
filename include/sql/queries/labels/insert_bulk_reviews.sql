-- One decision for all that wait for one sight for one reason. The ids follow from the order's own,
-- so that an order that arrives twice is carried out once.
insert into core.label_review (review_id, label_id, decision, sight_id, reviewed_by, reason, reviewed_at)
select
    md5(%(order_id)s::text || ' ' || label_to_review.label_id)::uuid as review_id,
    label_to_review.label_id,
    %(decision)s as decision,
    case when %(decision)s = 'accept' then label_to_review.sight_id end as sight_id,
    %(reviewer)s as reviewed_by,
    'in bulk: ' || label_to_review.reason as reason,
    now() as reviewed_at
from mart.label_to_review
where
    label_to_review.city_id = %(city_id)s
    and label_to_review.kind = %(kind)s
    and label_to_review.reason = %(reason)s
    and label_to_review.likely_sight_id = %(sight_id)s
    and label_to_review.score >= %(min_score)s
    and label_to_review.score < %(below_score)s
    and (%(decision)s = 'reject' or (label_to_review.has_box and label_to_review.sight_id is not null))
on conflict (review_id) do nothing
returning label_id
