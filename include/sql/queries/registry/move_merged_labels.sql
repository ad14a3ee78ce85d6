update core.label
set
    sight_id = sight.merged_into,
    changed_at = now()
from core.sight
where
    label.sight_id = sight.sight_id
    and sight.city_id = %(city_id)s
    and sight.state = 'merged'
