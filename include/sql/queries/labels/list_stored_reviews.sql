select label_review.review_id
from core.label_review
where
    label_review.review_id = any(%(review_ids)s::uuid[])
    and label_review.reviewed_by = %(reviewer)s
