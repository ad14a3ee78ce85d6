-- severity: fail
-- Every pixel is accountable: no photo trains whose source and licence are not known.
select
    trainable_photo.city_id,
    trainable_photo.sha256
from mart.trainable_photo
left join core.photo_source on trainable_photo.sha256 = photo_source.sha256
where
    (%(city_id)s::text is null or trainable_photo.city_id = %(city_id)s)
    and (photo_source.licence is null or photo_source.licence = '');
