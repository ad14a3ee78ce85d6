-- What data checks look at again: which photos, cities, hours, datasets and runs rows came for, or changed in,
-- since a moment; facts of an hour that was refreshed since count what became known in it before.
with spans as (
    select
        %(since)s::timestamptz as start_at,
        'infinity'::timestamptz as end_at
    union all
    select
        refreshed_hour.hour_at as start_at,
        refreshed_hour.hour_at + interval '1 hour' as end_at
    from mart.refreshed_hour
    where refreshed_hour.refreshed_at >= %(since)s and refreshed_hour.hour_at < %(since)s
),

-- By itself, so that few reviews meet their labels: in one join all reviews would, and only then the spans.
changed_review as materialized (
    select label_review.label_id
    from spans
    inner join core.label_review
        on spans.start_at <= label_review.recorded_at and spans.end_at > label_review.recorded_at
),

changed_label as (
    select
        label.city_id,
        label.sha256,
        label.recorded_at
    from spans
    inner join core.label on spans.start_at <= label.changed_at and spans.end_at > label.changed_at
    union
    select
        label.city_id,
        label.sha256,
        label.recorded_at
    from spans
    inner join core.label on spans.start_at <= label.recorded_at and spans.end_at > label.recorded_at
    union
    select
        label.city_id,
        label.sha256,
        label.recorded_at
    from changed_review
    inner join core.label on changed_review.label_id = label.label_id
),

changed_call as (
    select
        paid_call.city_id,
        paid_call.subject_sha256,
        paid_call.dag_id,
        paid_call.run_id,
        paid_call.recorded_at
    from spans
    inner join core.paid_call on spans.start_at <= paid_call.changed_at and spans.end_at > paid_call.changed_at
    union
    select
        paid_call.city_id,
        paid_call.subject_sha256,
        paid_call.dag_id,
        paid_call.run_id,
        paid_call.recorded_at
    from spans
    inner join core.paid_call on spans.start_at <= paid_call.recorded_at and spans.end_at > paid_call.recorded_at
),

changed_source as (
    select
        sight.city_id,
        photo_source.sha256,
        photo_source.recorded_at
    from spans
    inner join core.photo_source
        on spans.start_at <= photo_source.recorded_at and spans.end_at > photo_source.recorded_at
    inner join core.sight on photo_source.sight_id = sight.sight_id
),

changed_rejection as (
    select
        sight.city_id,
        rejected_photo.recorded_at
    from spans
    inner join core.rejected_photo
        on spans.start_at <= rejected_photo.recorded_at and spans.end_at > rejected_photo.recorded_at
    inner join core.sight on rejected_photo.sight_id = sight.sight_id
),

-- What an instance costs grows as long as it runs.
changed_session as (
    select
        session_cost.city_id,
        session_cost.dag_id,
        session_cost.run_id
    from core.session_cost
    where session_cost.stopped_at is null or session_cost.stopped_at >= %(since)s
),

changed_estimate as (
    select
        spend_estimate.city_id,
        spend_estimate.dag_id,
        spend_estimate.run_id
    from core.spend_estimate
    where spend_estimate.estimated_at >= %(since)s
)

select
    'photo' as scope,
    photo.sha256::text as key
from (
    select changed_label.sha256
    from changed_label
    union
    select changed_source.sha256
    from changed_source
    union
    select changed_call.subject_sha256 as sha256
    from changed_call
    union
    select removed_photo.sha256
    from core.removed_photo
    where removed_photo.recorded_at >= %(since)s
) as photo
union all
select
    'city' as scope,
    coalesce(city.city_id, '') as key
from (
    select changed_label.city_id
    from changed_label
    union
    select changed_source.city_id
    from changed_source
    union
    select changed_rejection.city_id
    from changed_rejection
    union
    select changed_call.city_id
    from changed_call
    union
    select changed_session.city_id
    from changed_session
    union
    select changed_estimate.city_id
    from changed_estimate
    union
    select sight.city_id
    from core.sight
    where sight.recorded_at >= %(since)s
    union
    select dataset.city_id
    from core.dataset
    where dataset.recorded_at >= %(since)s
    union
    select model.city_id
    from core.model
    where model.recorded_at >= %(since)s
    union
    select publication.city_id
    from core.publication
    where publication.recorded_at >= %(since)s
    union
    select fact.city_id
    from spans
    inner join mart.city_activity_hourly_v2 as fact
        on spans.start_at <= fact.hour_at and spans.end_at > fact.hour_at
) as city
union all
select
    'hour' as scope,
    hour.hour_at::text as key
from (
    select date_trunc('hour', changed_label.recorded_at, 'UTC') as hour_at
    from changed_label
    union
    select date_trunc('hour', changed_source.recorded_at, 'UTC') as hour_at
    from changed_source
    union
    select date_trunc('hour', changed_rejection.recorded_at, 'UTC') as hour_at
    from changed_rejection
    union
    select date_trunc('hour', changed_call.recorded_at, 'UTC') as hour_at
    from changed_call
    union
    select date_trunc('hour', publication.recorded_at, 'UTC') as hour_at
    from core.publication
    where publication.recorded_at >= %(since)s
    union
    select refreshed_hour.hour_at
    from mart.refreshed_hour
    where refreshed_hour.refreshed_at >= %(since)s
) as hour
union all
select
    'dataset' as scope,
    dataset.city_id || '/' || dataset.dataset_version as key
from core.dataset
where dataset.recorded_at >= %(since)s
union all
select
    'run' as scope,
    run.dag_id || '/' || run.run_id as key
from (
    select
        changed_call.dag_id,
        changed_call.run_id
    from changed_call
    union
    select
        changed_session.dag_id,
        changed_session.run_id
    from changed_session
    union
    select
        changed_estimate.dag_id,
        changed_estimate.run_id
    from changed_estimate
) as run
where run.dag_id is not null;
