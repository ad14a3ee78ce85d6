-- severity: fail
-- scope: photo
-- A photo that was taken down must never train again.
select distinct
    accepted_label.city_id,
    accepted_label.sha256
from core.removed_photo
inner join mart.accepted_label on removed_photo.sha256 = accepted_label.sha256
where
    (%(city_id)s::text is null or accepted_label.city_id = %(city_id)s)
    and (%(keys)s::bytea[] is null or removed_photo.sha256 = any(%(keys)s::bytea[]));
