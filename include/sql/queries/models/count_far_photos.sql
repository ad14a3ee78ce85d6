select count(distinct accepted_label.sha256) as photo_count
from mart.accepted_label
where accepted_label.sight_id = any(%(sight_ids)s)
