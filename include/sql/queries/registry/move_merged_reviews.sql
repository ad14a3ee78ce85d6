update core.label_review
set sight_id = sight.merged_into
from core.sight
where
    label_review.sight_id = sight.sight_id
    and sight.city_id = %(city_id)s
    and sight.state = 'merged'
