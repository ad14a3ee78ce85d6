-- severity: fail
-- scope: photo
-- A photo that was taken down must never train again.
-- The keys stand at the labels: with them at the tombstones only, all labels were read and hashed.
select distinct
    accepted_label.city_id,
    accepted_label.sha256
from mart.accepted_label
inner join core.removed_photo on accepted_label.sha256 = removed_photo.sha256
where
    (%(city_id)s::text is null or accepted_label.city_id = %(city_id)s)
    and (%(keys)s::bytea[] is null or accepted_label.sha256 = any(%(keys)s::bytea[]));
