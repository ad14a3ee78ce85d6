-- severity: fail
-- scope: hour
-- The facts by sight (mart.sight_activity_hourly_v1) of the settled hours of the last two days are
-- what core holds, hours of which core knows nothing included; else a refresh missed something: run
-- `refresh-marts --all`. Not compared: what the provider answered, photos_labelled, and
-- labels held back and rejected one by one.
with settled as materialized (
    select settled_hour.hour_at
    from mart.settled_hour
    where
        %(keys)s::text[] is null
        or settled_hour.hour_at in (
            select asked.key::timestamptz
            from unnest(%(keys)s::text[]) as asked (key)
        )
),

-- Asked for as values below: the planner then takes what lies between for a few rows, and looks these
-- up by index. Of hours that are asked about, most may lie outside.
bounds as materialized (
    select
        min(settled.hour_at) as start_at,
        max(settled.hour_at) + interval '1 hour' as end_at
    from settled
),

events as (
    select
        photo_source.sight_id,
        photo_source.recorded_at,
        'photo' as kind
    from core.photo_source
    where
        photo_source.recorded_at >= (select bounds.start_at from bounds)
        and photo_source.recorded_at < (select bounds.end_at from bounds)
        and date_trunc('hour', photo_source.recorded_at, 'UTC') in (select settled.hour_at from settled)
        and not exists (
            select 1
            from core.photo_source as other
            where
                other.sha256 = photo_source.sha256
                and other.sight_id = photo_source.sight_id
                and (other.recorded_at, other.url_sha256) < (photo_source.recorded_at, photo_source.url_sha256)
        )
    union all
    select
        rejected_photo.sight_id,
        rejected_photo.recorded_at,
        'rejection' as kind
    from core.rejected_photo
    where
        rejected_photo.recorded_at >= (select bounds.start_at from bounds)
        and rejected_photo.recorded_at < (select bounds.end_at from bounds)
        and date_trunc('hour', rejected_photo.recorded_at, 'UTC') in (select settled.hour_at from settled)
    union all
    select
        decided_label.sight_id,
        decided_label.recorded_at,
        case decided_label.state when 'accepted' then 'accepted' else 'label' end as kind
    from mart.decided_label
    where
        decided_label.recorded_at >= (select bounds.start_at from bounds)
        and decided_label.recorded_at < (select bounds.end_at from bounds)
        and date_trunc('hour', decided_label.recorded_at, 'UTC') in (select settled.hour_at from settled)
        and decided_label.sight_id is not null
    union all
    select
        label.sight_id,
        label.recorded_at,
        'reviewed' as kind
    from mart.decided_label
    inner join core.label on decided_label.label_id = label.label_id
    where
        decided_label.recorded_at >= (select bounds.start_at from bounds)
        and decided_label.recorded_at < (select bounds.end_at from bounds)
        and date_trunc('hour', decided_label.recorded_at, 'UTC') in (select settled.hour_at from settled)
        and decided_label.review <> 'withdraw' and label.sight_id is not null
),

in_core as (
    select
        events.sight_id,
        date_trunc('hour', events.recorded_at, 'UTC') as hour_at,
        jsonb_build_object(
            'photos_new', count(*) filter (where events.kind = 'photo'),
            'photos_rejected', count(*) filter (where events.kind = 'rejection'),
            'labels', count(*) filter (where events.kind in ('accepted', 'label')),
            'labels_accepted', count(*) filter (where events.kind = 'accepted'),
            'labels_reviewed', count(*) filter (where events.kind = 'reviewed')
        ) as counts
    from events
    group by events.sight_id, date_trunc('hour', events.recorded_at, 'UTC')
),

in_mart as (
    select
        facts.sight_id,
        facts.hour_at,
        jsonb_build_object(
            'photos_new', facts.photos_new,
            'photos_rejected', facts.photos_rejected,
            'labels', facts.labels_accepted + facts.labels_held_back + facts.labels_rejected,
            'labels_accepted', facts.labels_accepted,
            'labels_reviewed', facts.labels_reviewed
        ) as counts
    from mart.sight_activity_hourly_v1 as facts
    where
        facts.hour_at >= (select bounds.start_at from bounds)
        and facts.hour_at < (select bounds.end_at from bounds)
        and facts.hour_at in (select settled.hour_at from settled)
),

compared as (
    select
        in_core.counts as counts_in_core,
        in_mart.counts as counts_in_mart,
        coalesce(in_core.sight_id, in_mart.sight_id) as sight_id,
        coalesce(in_core.hour_at, in_mart.hour_at) as hour_at
    from in_core
    full outer join in_mart
        on
            in_core.sight_id = in_mart.sight_id
            and in_core.hour_at = in_mart.hour_at
)

select
    compared.sight_id,
    compared.hour_at,
    compared.counts_in_core,
    compared.counts_in_mart
from compared
where
    (
        %(city_id)s::text is null
        or compared.sight_id in (
            select sight.sight_id from core.sight
            where sight.city_id = %(city_id)s
        )
    )
    and compared.counts_in_core is distinct from compared.counts_in_mart;
