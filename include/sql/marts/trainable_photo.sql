-- Grain: one row per photo of a city with at least one accepted box.
create view mart.trainable_photo as
select
    accepted_label.city_id,
    photo.sha256,
    photo.cluster_sha256,
    photo.width_pixels,
    photo.height_pixels,
    photo.media_type,
    count(*) as box_count,
    array_agg(distinct accepted_label.sight_id order by accepted_label.sight_id) as sight_ids,
    min(accepted_label.recorded_at) as labelled_at
from mart.accepted_label
inner join core.photo on accepted_label.sha256 = photo.sha256
group by accepted_label.city_id, photo.sha256;

comment on view mart.trainable_photo is 'One row per photo of a city with at least one accepted box.';
comment on column mart.trainable_photo.city_id is 'The city.';
comment on column mart.trainable_photo.sha256 is 'The photo.';
comment on column mart.trainable_photo.cluster_sha256 is 'Its near-duplicate cluster, which a split never divides.';
comment on column mart.trainable_photo.width_pixels is 'Width.';
comment on column mart.trainable_photo.height_pixels is 'Height.';
comment on column mart.trainable_photo.media_type is 'What the bytes are.';
comment on column mart.trainable_photo.box_count is 'Accepted boxes on it.';
comment on column mart.trainable_photo.sight_ids is 'The sights on it.';
comment on column mart.trainable_photo.labelled_at is 'When its first accepted box became known.';
