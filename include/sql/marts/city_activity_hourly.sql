-- Grain: one row per city and hour in which something happened.
create view mart.city_activity_hourly as
select
    city_activity_hourly_v1.hour_at,
    city_activity_hourly_v1.city_id,
    city_activity_hourly_v1.photos_found,
    city_activity_hourly_v1.photos_rejected,
    city_activity_hourly_v1.images_sent,
    city_activity_hourly_v1.labels_accepted,
    city_activity_hourly_v1.labels_not_accepted,
    city_activity_hourly_v1.models_published
from mart.city_activity_hourly_v1;

comment on view mart.city_activity_hourly is 'One row per city and hour in which something happened.';
comment on column mart.city_activity_hourly.hour_at is 'Start of the hour (UTC) in which the events became known.';
comment on column mart.city_activity_hourly.city_id is 'The city.';
comment on column mart.city_activity_hourly.photos_found is 'Photos found for its sights; the same photo for two sights counts twice.';
comment on column mart.city_activity_hourly.photos_rejected is 'Photos that were not kept.';
comment on column mart.city_activity_hourly.images_sent is 'Images reserved for a paid service.';
comment on column mart.city_activity_hourly.labels_accepted is 'Boxes accepted by rule.';
comment on column mart.city_activity_hourly.labels_not_accepted is 'Boxes held back or unmatched by rule.';
comment on column mart.city_activity_hourly.models_published is 'Models put in place, rollbacks included.';
