-- severity: fail
-- scope: hour
-- The facts of the settled hours of the last two days are what core holds, hours of which core knows
-- nothing included; else a refresh missed something: run `refresh-marts --all`. Not
-- compared: labels held back, unmatched and rejected one by one, and photos_labelled.
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
        sight.city_id,
        photo_source.recorded_at,
        'photo' as kind,
        1 as quantity,
        0::numeric as usd,
        not exists (
            select 1
            from core.photo_source as other
            inner join core.sight as other_sight on other.sight_id = other_sight.sight_id
            where
                other.sha256 = photo_source.sha256
                and other_sight.city_id = sight.city_id
                and (other.recorded_at, other.url_sha256, other.sight_id)
                < (photo_source.recorded_at, photo_source.url_sha256, photo_source.sight_id)
        ) as is_first
    from core.photo_source
    inner join core.sight on photo_source.sight_id = sight.sight_id
    where
        photo_source.recorded_at >= (select bounds.start_at from bounds)
        and photo_source.recorded_at < (select bounds.end_at from bounds)
        and date_trunc('hour', photo_source.recorded_at, 'UTC') in (select settled.hour_at from settled)
    union all
    select
        sight.city_id,
        rejected_photo.recorded_at,
        'rejection' as kind,
        1 as quantity,
        0 as usd,
        false as is_first
    from core.rejected_photo
    inner join core.sight on rejected_photo.sight_id = sight.sight_id
    where
        rejected_photo.recorded_at >= (select bounds.start_at from bounds)
        and rejected_photo.recorded_at < (select bounds.end_at from bounds)
        and date_trunc('hour', rejected_photo.recorded_at, 'UTC') in (select settled.hour_at from settled)
    union all
    select
        ledger_entry.city_id,
        ledger_entry.recorded_at,
        case ledger_entry.feature when 'landmark_detection' then 'image' else 'call' end as kind,
        ledger_entry.unit_count as quantity,
        case when ledger_entry.is_billed then ledger_entry.price_usd else 0 end as usd,
        false as is_first
    from core.ledger_entry
    where
        ledger_entry.recorded_at >= (select bounds.start_at from bounds)
        and ledger_entry.recorded_at < (select bounds.end_at from bounds)
        and date_trunc('hour', ledger_entry.recorded_at, 'UTC') in (select settled.hour_at from settled)
        and not ledger_entry.is_taken_over
    union all
    select
        decided_label.city_id,
        decided_label.recorded_at,
        'label' as kind,
        1 as quantity,
        0 as usd,
        decided_label.state = 'accepted' as is_first
    from mart.decided_label
    where
        decided_label.recorded_at >= (select bounds.start_at from bounds)
        and decided_label.recorded_at < (select bounds.end_at from bounds)
        and date_trunc('hour', decided_label.recorded_at, 'UTC') in (select settled.hour_at from settled)
    union all
    select
        label.city_id,
        label_review.recorded_at,
        'review' as kind,
        1 as quantity,
        0 as usd,
        false as is_first
    from core.label_review
    inner join core.label on label_review.label_id = label.label_id
    where
        label_review.recorded_at >= (select bounds.start_at from bounds)
        and label_review.recorded_at < (select bounds.end_at from bounds)
        and date_trunc('hour', label_review.recorded_at, 'UTC') in (select settled.hour_at from settled)
    union all
    select
        publication.city_id,
        publication.recorded_at,
        'publication' as kind,
        1 as quantity,
        0 as usd,
        false as is_first
    from core.publication
    where
        publication.recorded_at >= (select bounds.start_at from bounds)
        and publication.recorded_at < (select bounds.end_at from bounds)
        and date_trunc('hour', publication.recorded_at, 'UTC') in (select settled.hour_at from settled)
),

in_core as (
    select
        events.city_id,
        date_trunc('hour', events.recorded_at, 'UTC') as hour_at,
        jsonb_build_object(
            'photos_found', count(*) filter (where events.kind = 'photo'),
            'photos_new', count(*) filter (where events.kind = 'photo' and events.is_first),
            'photos_rejected', count(*) filter (where events.kind = 'rejection'),
            'images_sent', coalesce(sum(events.quantity) filter (where events.kind = 'image'), 0),
            'calls_usd', sum(events.usd),
            'labels', count(*) filter (where events.kind = 'label'),
            'labels_accepted', count(*) filter (where events.kind = 'label' and events.is_first),
            'labels_reviewed', count(*) filter (where events.kind = 'review'),
            'models_published', count(*) filter (where events.kind = 'publication'),
            'last_event_at', max(events.recorded_at)
        ) as counts
    from events
    group by events.city_id, date_trunc('hour', events.recorded_at, 'UTC')
),

in_mart as (
    select
        facts.city_id,
        facts.hour_at,
        jsonb_build_object(
            'photos_found', facts.photos_found,
            'photos_new', facts.photos_new,
            'photos_rejected', facts.photos_rejected,
            'images_sent', facts.images_sent,
            'calls_usd', facts.calls_usd,
            'labels',
            facts.labels_accepted + facts.labels_held_back + facts.labels_unmatched + facts.labels_rejected,
            'labels_accepted', facts.labels_accepted,
            'labels_reviewed', facts.labels_reviewed,
            'models_published', facts.models_published,
            'last_event_at', facts.last_event_at
        ) as counts
    from mart.city_activity_hourly as facts
    where
        facts.hour_at >= (select bounds.start_at from bounds)
        and facts.hour_at < (select bounds.end_at from bounds)
        and facts.hour_at in (select settled.hour_at from settled)
),

compared as (
    select
        in_core.counts as counts_in_core,
        in_mart.counts as counts_in_mart,
        coalesce(in_core.city_id, in_mart.city_id) as city_id,
        coalesce(in_core.hour_at, in_mart.hour_at) as hour_at
    from in_core
    full outer join in_mart
        on
            in_core.city_id = in_mart.city_id
            and in_core.hour_at = in_mart.hour_at
)

select
    compared.city_id,
    compared.hour_at,
    compared.counts_in_core,
    compared.counts_in_mart
from compared
where
    (%(city_id)s::text is null or compared.city_id = %(city_id)s)
    and compared.counts_in_core is distinct from compared.counts_in_mart;
