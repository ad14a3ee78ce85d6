-- Tables behind hourly marts. A run deletes and writes its own hours in one transaction.

create table mart.city_activity_hourly_v1 (
    hour_at timestamptz not null,
    city_id text not null,
    photos_found bigint not null,
    photos_rejected bigint not null,
    images_sent bigint not null,
    labels_accepted bigint not null,
    labels_not_accepted bigint not null,
    models_published bigint not null,
    primary key (hour_at, city_id)
);
comment on table mart.city_activity_hourly_v1 is 'Behind mart.city_activity_hourly: one row per city and hour in which something happened.';
comment on column mart.city_activity_hourly_v1.hour_at is 'Start of the hour (UTC) in which the events became known.';
comment on column mart.city_activity_hourly_v1.city_id is 'The city.';
comment on column mart.city_activity_hourly_v1.photos_found is 'Photos found for its sights; the same photo for two sights counts twice.';
comment on column mart.city_activity_hourly_v1.photos_rejected is 'Photos that were not kept.';
comment on column mart.city_activity_hourly_v1.images_sent is 'Images reserved for a paid service.';
comment on column mart.city_activity_hourly_v1.labels_accepted is 'Boxes accepted by rule.';
comment on column mart.city_activity_hourly_v1.labels_not_accepted is 'Boxes held back or unmatched by rule.';
comment on column mart.city_activity_hourly_v1.models_published is 'Models put in place, rollbacks included.';

create index photo_source_by_time on core.photo_source (recorded_at);
create index rejected_photo_by_time on core.rejected_photo (recorded_at);
create index paid_call_by_time on core.paid_call (recorded_at);
create index label_by_time on core.label (recorded_at);

grant select, insert, update, delete on mart.city_activity_hourly_v1 to sightscan_pipeline;
