-- severity: fail
-- A photo that was taken down must never train again.
select
    trainable_photo.city_id,
    trainable_photo.sha256
from mart.trainable_photo
inner join core.removed_photo on trainable_photo.sha256 = removed_photo.sha256
where %(city_id)s::text is null or trainable_photo.city_id = %(city_id)s;
