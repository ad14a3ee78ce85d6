-- What an order that was carried out before has decided.
select label_review.label_id
from core.label_review
inner join core.label on label_review.label_id = label.label_id
where
    label.city_id = %(city_id)s
    and label_review.reviewed_by = %(reviewer)s
    and label_review.review_id = md5(%(order_id)s::text || ' ' || label_review.label_id)::uuid
