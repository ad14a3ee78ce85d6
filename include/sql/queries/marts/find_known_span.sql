-- From the first hour that core or a fact knows of to the end of the last; nulls if there is none.
with spans as (
    select
        min(photo_source.recorded_at) as first_at,
        max(photo_source.recorded_at) as last_at
    from core.photo_source
    union all
    select
        min(rejected_photo.recorded_at) as first_at,
        max(rejected_photo.recorded_at) as last_at
    from core.rejected_photo
    union all
    select
        min(paid_call.recorded_at) as first_at,
        max(paid_call.recorded_at) as last_at
    from core.paid_call
    union all
    select
        min(label.recorded_at) as first_at,
        max(label.recorded_at) as last_at
    from core.label
    union all
    select
        min(label_review.recorded_at) as first_at,
        max(label_review.recorded_at) as last_at
    from core.label_review
    union all
    select
        min(publication.recorded_at) as first_at,
        max(publication.recorded_at) as last_at
    from core.publication
    union all
    select
        min(city_activity_hourly_v2.hour_at) as first_at,
        max(city_activity_hourly_v2.hour_at) as last_at
    from mart.city_activity_hourly_v2
    union all
    select
        min(sight_activity_hourly_v1.hour_at) as first_at,
        max(sight_activity_hourly_v1.hour_at) as last_at
    from mart.sight_activity_hourly_v1
    union all
    select
        min(city_spend_hourly_v1.hour_at) as first_at,
        max(city_spend_hourly_v1.hour_at) as last_at
    from mart.city_spend_hourly_v1
)

select
    date_trunc('hour', min(spans.first_at), 'UTC') as start_at,
    date_trunc('hour', max(spans.last_at), 'UTC') + interval '1 hour' as end_at
from spans;
