-- Grain: one row per city and hour in which something happened.
create view mart.city_activity_hourly as
select
    city_activity_hourly_v2.city_id,
    city_activity_hourly_v2.hour_at,
    city_activity_hourly_v2.photos_found,
    city_activity_hourly_v2.photos_new,
    city_activity_hourly_v2.photos_rejected,
    city_activity_hourly_v2.photos_labelled,
    city_activity_hourly_v2.images_sent,
    city_activity_hourly_v2.images_failed,
    city_activity_hourly_v2.calls_usd,
    city_activity_hourly_v2.labels_accepted,
    city_activity_hourly_v2.labels_held_back,
    city_activity_hourly_v2.labels_unmatched,
    city_activity_hourly_v2.labels_rejected,
    city_activity_hourly_v2.labels_reviewed,
    city_activity_hourly_v2.models_published,
    city_activity_hourly_v2.last_event_at
from mart.city_activity_hourly_v2;

comment on view mart.city_activity_hourly is 'One row per city and hour in which something happened.';
comment on column mart.city_activity_hourly.city_id is 'The city.';
comment on column mart.city_activity_hourly.hour_at is 'Start of the hour (UTC) in which the events became known.';
comment on column mart.city_activity_hourly.photos_found is 'Photos found for its sights; the same photo for two sights, or at two addresses, counts twice.';
comment on column mart.city_activity_hourly.photos_new is 'Photos that the city found for the first time.';
comment on column mart.city_activity_hourly.photos_rejected is 'Photos that were not kept.';
comment on column mart.city_activity_hourly.photos_labelled is 'Photos with their first accepted box in the city.';
comment on column mart.city_activity_hourly.images_sent is 'Images reserved for a paid service, whatever became of them.';
comment on column mart.city_activity_hourly.images_failed is 'Of these, images that were provably not processed, hence not paid.';
comment on column mart.city_activity_hourly.calls_usd is 'Price of the others, in US dollars.';
comment on column mart.city_activity_hourly.labels_accepted is 'Boxes read in this hour that may train, reviews considered.';
comment on column mart.city_activity_hourly.labels_held_back is 'Boxes read in this hour that a rule holds back and no person accepted.';
comment on column mart.city_activity_hourly.labels_unmatched is 'Landmarks read in this hour that are no sight of the city.';
comment on column mart.city_activity_hourly.labels_rejected is 'Boxes read in this hour that a person rejected.';
comment on column mart.city_activity_hourly.labels_reviewed is 'Decisions of people about labels, taken in this hour.';
comment on column mart.city_activity_hourly.models_published is 'Models put in place, rollbacks included.';
comment on column mart.city_activity_hourly.last_event_at is 'The last event of the hour.';
