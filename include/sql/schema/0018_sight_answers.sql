-- What the provider answered for a sight's photos, and how many of its boxes people looked at, as
-- further facts: label_quality sums hours instead of looking up each photo. The new table is empty;
-- `migrate` fills it.

-- The views are made anew after the migrations.
drop view if exists mart.label_quality;
drop view if exists mart.sight_coverage;
drop table mart.sight_activity_hourly_v1;

create table mart.sight_activity_hourly_v2 (
    sight_id bigint not null,
    hour_at timestamptz not null,
    photos_new bigint not null,
    photos_rejected bigint not null,
    photos_answered bigint not null,
    photos_empty bigint not null,
    photos_unmatched bigint not null,
    photos_labelled bigint not null,
    labels_accepted bigint not null,
    labels_held_back bigint not null,
    labels_rejected bigint not null,
    labels_reviewed bigint not null,
    primary key (sight_id, hour_at)
);
create index sight_activity_hourly_v2_by_hour on mart.sight_activity_hourly_v2 (hour_at);
comment on table mart.sight_activity_hourly_v2 is 'Behind mart.sight_coverage and mart.label_quality: one row per sight and hour in which something happened.';
comment on column mart.sight_activity_hourly_v2.sight_id is 'The sight.';
comment on column mart.sight_activity_hourly_v2.hour_at is 'Start of the hour (UTC) in which the events became known.';
comment on column mart.sight_activity_hourly_v2.photos_new is 'Photos found for it for the first time.';
comment on column mart.sight_activity_hourly_v2.photos_rejected is 'Photos that were found for it and not kept.';
comment on column mart.sight_activity_hourly_v2.photos_answered is 'Of photos_new, those that the provider answered for, then or later.';
comment on column mart.sight_activity_hourly_v2.photos_empty is 'Of photos_answered, those without any landmark.';
comment on column mart.sight_activity_hourly_v2.photos_unmatched is 'Of photos_answered, those with landmarks, but none of the city.';
comment on column mart.sight_activity_hourly_v2.photos_labelled is 'Photos with the first accepted box of this sight.';
comment on column mart.sight_activity_hourly_v2.labels_accepted is 'Boxes of it that may train, reviews considered.';
comment on column mart.sight_activity_hourly_v2.labels_held_back is 'Boxes of it that a rule holds back and no person accepted.';
comment on column mart.sight_activity_hourly_v2.labels_rejected is 'Boxes of it that a person rejected.';
comment on column mart.sight_activity_hourly_v2.labels_reviewed is 'Boxes that the provider took for it and a person decided about, then or later.';

grant select, insert, update, delete on mart.sight_activity_hourly_v2 to sightscan_pipeline;
