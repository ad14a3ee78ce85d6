-- What outside of [start_at, end_at) may count otherwise because of what happened within it: by kind,
-- hour, and city (labels) or sight (answers). Of `hour`, all may.
with labelled as (
    -- Read anew, or seen only now.
    select
        label.city_id,
        label.sha256
    from core.label
    where label.changed_at >= %(start_at)s and label.changed_at < %(end_at)s
    union
    select
        label.city_id,
        label.sha256
    from core.label
    where label.recorded_at >= %(start_at)s and label.recorded_at < %(end_at)s
    union
    select
        label.city_id,
        label.sha256
    from core.label_review
    inner join core.label on label_review.label_id = label.label_id
    where label_review.recorded_at >= %(start_at)s and label_review.recorded_at < %(end_at)s
),

moved as (
    -- All labels of the photo: another may be its first accepted one now.
    select
        'labels' as kind,
        label.recorded_at,
        label.city_id,
        null::bigint as sight_id
    from labelled
    inner join core.label
        on
            labelled.city_id = label.city_id
            and labelled.sha256 = label.sha256
    union all
    -- Its photo was found in an hour that counts what the provider answered for it.
    select
        'answers' as kind,
        photo_source.recorded_at,
        null as city_id,
        photo_source.sight_id
    from labelled
    inner join core.photo_source on labelled.sha256 = photo_source.sha256
    union all
    select
        'answers' as kind,
        photo_source.recorded_at,
        null as city_id,
        photo_source.sight_id
    from core.paid_call
    inner join core.photo_source on paid_call.subject_sha256 = photo_source.sha256
    where paid_call.changed_at >= %(start_at)s and paid_call.changed_at < %(end_at)s
    union all
    select
        'hour' as kind,
        paid_call.recorded_at,
        null as city_id,
        null as sight_id
    from core.paid_call
    where paid_call.changed_at >= %(start_at)s and paid_call.changed_at < %(end_at)s
    union all
    -- A source that was seen late, so that a later one is not the first any more.
    select
        'hour' as kind,
        later.recorded_at,
        null as city_id,
        null as sight_id
    from core.photo_source
    inner join core.photo_source as later on photo_source.sha256 = later.sha256
    where
        photo_source.recorded_at >= %(start_at)s
        and photo_source.recorded_at < %(end_at)s
        and later.recorded_at >= %(end_at)s
)

select distinct
    moved.kind,
    moved.city_id,
    moved.sight_id,
    date_trunc('hour', moved.recorded_at, 'UTC') as hour_at
from moved
where moved.recorded_at < %(start_at)s or moved.recorded_at >= %(end_at)s
order by hour_at;
