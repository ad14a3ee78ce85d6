-- The facts behind the marts: additive counts of what happened in each hour, so that a mart sums
-- a few rows instead of counting all photos. They are filled from core alone: `migrate` does it
-- when it finds them empty, `refresh-marts --all` whenever it is wanted. A run deletes and writes its
-- own hours in one transaction. Then what runs and data checks report.

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
comment on table mart.city_activity_hourly_v1 is 'Of the version before: nobody reads it any more, and the next version drops it.';
comment on column mart.city_activity_hourly_v1.hour_at is 'Start of the hour (UTC) in which the events became known.';
comment on column mart.city_activity_hourly_v1.city_id is 'The city.';
comment on column mart.city_activity_hourly_v1.photos_found is 'Photos found for its sights; the same photo for two sights counts twice.';
comment on column mart.city_activity_hourly_v1.photos_rejected is 'Photos that were not kept.';
comment on column mart.city_activity_hourly_v1.images_sent is 'Images reserved for a paid service.';
comment on column mart.city_activity_hourly_v1.labels_accepted is 'Boxes accepted by rule.';
comment on column mart.city_activity_hourly_v1.labels_not_accepted is 'Boxes held back or unmatched by rule.';
comment on column mart.city_activity_hourly_v1.models_published is 'Models put in place, rollbacks included.';
grant select, insert, update, delete on mart.city_activity_hourly_v1 to sightscan_pipeline;

create table mart.city_activity_hourly_v2 (
    city_id text not null,
    hour_at timestamptz not null,
    photos_found bigint not null,
    photos_new bigint not null,
    photos_rejected bigint not null,
    photos_labelled bigint not null,
    images_sent bigint not null,
    images_failed bigint not null,
    calls_usd numeric not null,
    labels_accepted bigint not null,
    labels_held_back bigint not null,
    labels_unmatched bigint not null,
    labels_rejected bigint not null,
    labels_reviewed bigint not null,
    models_published bigint not null,
    last_event_at timestamptz not null,
    primary key (city_id, hour_at)
);
create index city_activity_hourly_v2_by_hour on mart.city_activity_hourly_v2 (hour_at);
comment on table mart.city_activity_hourly_v2 is 'Behind mart.city_activity_hourly: one row per city and hour in which something happened.';
comment on column mart.city_activity_hourly_v2.city_id is 'The city.';
comment on column mart.city_activity_hourly_v2.hour_at is 'Start of the hour (UTC) in which the events became known.';
comment on column mart.city_activity_hourly_v2.photos_found is 'Photos found for its sights; the same photo for two sights, or at two addresses, counts twice.';
comment on column mart.city_activity_hourly_v2.photos_new is 'Photos that the city found for the first time.';
comment on column mart.city_activity_hourly_v2.photos_rejected is 'Photos that were not kept.';
comment on column mart.city_activity_hourly_v2.photos_labelled is 'Photos with their first accepted box in the city.';
comment on column mart.city_activity_hourly_v2.images_sent is 'Images reserved for a paid service, whatever became of them.';
comment on column mart.city_activity_hourly_v2.images_failed is 'Of these, images that were provably not processed, hence not paid.';
comment on column mart.city_activity_hourly_v2.calls_usd is 'Price of the others, in US dollars.';
comment on column mart.city_activity_hourly_v2.labels_accepted is 'Boxes read in this hour that may train, reviews considered.';
comment on column mart.city_activity_hourly_v2.labels_held_back is 'Boxes read in this hour that a rule holds back and no person accepted.';
comment on column mart.city_activity_hourly_v2.labels_unmatched is 'Landmarks read in this hour that are no sight of the city.';
comment on column mart.city_activity_hourly_v2.labels_rejected is 'Boxes read in this hour that a person rejected.';
comment on column mart.city_activity_hourly_v2.labels_reviewed is 'Decisions of people about labels, taken in this hour.';
comment on column mart.city_activity_hourly_v2.models_published is 'Models put in place, rollbacks included.';
comment on column mart.city_activity_hourly_v2.last_event_at is 'The last event of the hour.';
grant select, insert, update, delete on mart.city_activity_hourly_v2 to sightscan_pipeline;

create table mart.sight_activity_hourly_v1 (
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
create index sight_activity_hourly_v1_by_hour on mart.sight_activity_hourly_v1 (hour_at);
comment on table mart.sight_activity_hourly_v1 is 'Behind mart.sight_coverage and mart.label_quality: one row per sight and hour in which something happened.';
comment on column mart.sight_activity_hourly_v1.sight_id is 'The sight.';
comment on column mart.sight_activity_hourly_v1.hour_at is 'Start of the hour (UTC) in which the events became known.';
comment on column mart.sight_activity_hourly_v1.photos_new is 'Photos found for it for the first time.';
comment on column mart.sight_activity_hourly_v1.photos_rejected is 'Photos that were found for it and not kept.';
comment on column mart.sight_activity_hourly_v1.photos_answered is 'Of photos_new, those that the provider answered for, then or later.';
comment on column mart.sight_activity_hourly_v1.photos_empty is 'Of photos_answered, those without any landmark.';
comment on column mart.sight_activity_hourly_v1.photos_unmatched is 'Of photos_answered, those with landmarks, but none of the city.';
comment on column mart.sight_activity_hourly_v1.photos_labelled is 'Photos with the first accepted box of this sight.';
comment on column mart.sight_activity_hourly_v1.labels_accepted is 'Boxes of it that may train, reviews considered.';
comment on column mart.sight_activity_hourly_v1.labels_held_back is 'Boxes of it that a rule holds back and no person accepted.';
comment on column mart.sight_activity_hourly_v1.labels_rejected is 'Boxes of it that a person rejected.';
comment on column mart.sight_activity_hourly_v1.labels_reviewed is 'Boxes that the provider took for it and a person decided about, then or later.';
grant select, insert, update, delete on mart.sight_activity_hourly_v1 to sightscan_pipeline;

create table mart.city_spend_hourly_v1 (
    city_id text not null,
    hour_at timestamptz not null,
    provider text not null,
    feature text not null,
    units bigint not null,
    free_units bigint not null,
    calls_usd numeric not null,
    primary key (city_id, hour_at, provider, feature)
);
create index city_spend_hourly_v1_by_hour on mart.city_spend_hourly_v1 (hour_at);
comment on table mart.city_spend_hourly_v1 is 'Behind mart.spend_by_month: one row per city, hour, provider and feature that was paid for.';
comment on column mart.city_spend_hourly_v1.city_id is 'The city that pays.';
comment on column mart.city_spend_hourly_v1.hour_at is 'Start of the hour (UTC) in which the units were reserved.';
comment on column mart.city_spend_hourly_v1.provider is 'Who is paid.';
comment on column mart.city_spend_hourly_v1.feature is 'What for.';
comment on column mart.city_spend_hourly_v1.units is 'Units that were paid for or may have been.';
comment on column mart.city_spend_hourly_v1.free_units is 'Of these, units that cost nothing.';
comment on column mart.city_spend_hourly_v1.calls_usd is 'Their price, in US dollars.';
grant select, insert, update, delete on mart.city_spend_hourly_v1 to sightscan_pipeline;

create table mart.refreshed_hour (
    hour_at timestamptz primary key,
    refreshed_at timestamptz not null
);
comment on table mart.refreshed_hour is 'Behind mart.settled_hour: one row per hour that a refresh covered, with all that changed in it.';
comment on column mart.refreshed_hour.hour_at is 'Start of the hour (UTC).';
comment on column mart.refreshed_hour.refreshed_at is 'When the last such refresh began.';
grant select, insert, update, delete on mart.refreshed_hour to sightscan_pipeline;

create table core.check_result (
    check_id bigint generated always as identity primary key,
    check_name text not null,
    severity text not null,
    offending_count bigint not null,
    offending_sample jsonb not null default '[]',
    dag_id text not null,
    run_id text not null,
    recorded_at timestamptz not null default now(),
    constraint check_result_severity_known check (severity in ('fail', 'warn'))
);
create index check_result_by_name on core.check_result (check_name, recorded_at);
comment on table core.check_result is 'What the data checks found, each time they ran.';
comment on column core.check_result.check_id is 'Surrogate id.';
comment on column core.check_result.check_name is 'File name of the check, without its ending.';
comment on column core.check_result.severity is 'fail or warn.';
comment on column core.check_result.offending_count is 'Rows that break the claim.';
comment on column core.check_result.offending_sample is 'The first of them.';
comment on column core.check_result.dag_id is 'The DAG that asked.';
comment on column core.check_result.run_id is 'The run that asked.';
comment on column core.check_result.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.check_result to sightscan_pipeline;
grant select on core.check_result to sightscan_analyst;

create table core.stage_report (
    dag_id text not null,
    run_id text not null,
    city_id text not null references core.city (city_id),
    task_id text not null,
    subject text not null default '',
    report jsonb not null,
    recorded_at timestamptz not null default now(),
    primary key (dag_id, run_id, task_id, subject)
);
comment on table core.stage_report is 'What each task of a run did, in counts: the run''s summary.';
comment on column core.stage_report.dag_id is 'The DAG.';
comment on column core.stage_report.run_id is 'The run.';
comment on column core.stage_report.city_id is 'The city.';
comment on column core.stage_report.task_id is 'The task.';
comment on column core.stage_report.subject is 'What a mapped task worked on, such as a sight; else empty.';
comment on column core.stage_report.report is 'Counts, reasons and decisions.';
comment on column core.stage_report.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.stage_report to sightscan_pipeline;
grant select on core.stage_report to sightscan_analyst;
