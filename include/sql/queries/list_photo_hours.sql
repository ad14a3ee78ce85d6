-- The hours in which anything became known about some photos.
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
where label.sha256 = any(%(sha256s)s)
union
select date_trunc('hour', paid_call.recorded_at, 'UTC') as hour_at
from core.paid_call
where paid_call.subject_sha256 = any(%(sha256s)s)
union
select date_trunc('hour', rejected_photo.recorded_at, 'UTC') as hour_at
from core.rejected_photo
where
    rejected_photo.url_sha256 in (
        select photo_source.url_sha256
        from core.photo_source
        where photo_source.sha256 = any(%(sha256s)s)
    );
