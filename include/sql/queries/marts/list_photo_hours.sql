-- The hours whose facts count what is known of some photos: which of their sources is the first, and
-- which of their boxes, is told from all of them.
select date_trunc('hour', photo_source.recorded_at, 'UTC') as hour_at
from core.photo_source
where photo_source.sha256 = any(%(sha256s)s)
union
select date_trunc('hour', label.recorded_at, 'UTC') as hour_at
from core.label
where label.sha256 = any(%(sha256s)s)
union
select date_trunc('hour', label_review.recorded_at, 'UTC') as hour_at
from core.label
inner join core.label_review on label.label_id = label_review.label_id
where label.sha256 = any(%(sha256s)s);
