insert into mart.city_activity_hourly_v2 (
    city_id,
    hour_at,
    photos_found,
    photos_new,
    photos_rejected,
    photos_labelled,
    images_sent,
    images_failed,
    calls_usd,
    labels_accepted,
    labels_held_back,
    labels_unmatched,
    labels_rejected,
    labels_reviewed,
    models_published,
    last_event_at
)
with events as (
    select
        sight.city_id,
        photo_source.recorded_at,
        'photo_found' as kind,
        1 as quantity,
        0::numeric as usd,
        -- The first source of a photo in a city; the keys decide between two of one moment.
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
    where photo_source.recorded_at >= %(start_at)s and photo_source.recorded_at < %(end_at)s
    union all
    select
        sight.city_id,
        rejected_photo.recorded_at,
        'photo_rejected' as kind,
        1 as quantity,
        0 as usd,
        false as is_first
    from core.rejected_photo
    inner join core.sight on rejected_photo.sight_id = sight.sight_id
    where rejected_photo.recorded_at >= %(start_at)s and rejected_photo.recorded_at < %(end_at)s
    union all
    select
        ledger_entry.city_id,
        ledger_entry.recorded_at,
        case
            when ledger_entry.feature <> 'landmark_detection' then 'other_call'
            when ledger_entry.state = 'failed' then 'image_failed'
            else 'image_sent'
        end as kind,
        ledger_entry.unit_count as quantity,
        case when ledger_entry.is_billed then ledger_entry.price_usd else 0 end as usd,
        false as is_first
    from core.ledger_entry
    where
        ledger_entry.recorded_at >= %(start_at)s
        and ledger_entry.recorded_at < %(end_at)s
        and not ledger_entry.is_taken_over
    union all
    select
        decided_label.city_id,
        decided_label.recorded_at,
        decided_label.state as kind,
        1 as quantity,
        0 as usd,
        decided_label.state = 'accepted' and not exists (
            select 1
            from mart.accepted_label as other
            where
                other.city_id = decided_label.city_id
                and other.sha256 = decided_label.sha256
                and (other.recorded_at, other.label_id) < (decided_label.recorded_at, decided_label.label_id)
        ) as is_first
    from mart.decided_label
    where decided_label.recorded_at >= %(start_at)s and decided_label.recorded_at < %(end_at)s
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
    where label_review.recorded_at >= %(start_at)s and label_review.recorded_at < %(end_at)s
    union all
    select
        publication.city_id,
        publication.recorded_at,
        'model_published' as kind,
        1 as quantity,
        0 as usd,
        false as is_first
    from core.publication
    where publication.recorded_at >= %(start_at)s and publication.recorded_at < %(end_at)s
)

select
    events.city_id,
    date_trunc('hour', events.recorded_at, 'UTC') as hour_at,
    count(*) filter (where events.kind = 'photo_found') as photos_found,
    count(*) filter (where events.kind = 'photo_found' and events.is_first) as photos_new,
    count(*) filter (where events.kind = 'photo_rejected') as photos_rejected,
    count(*) filter (where events.kind = 'accepted' and events.is_first) as photos_labelled,
    coalesce(sum(events.quantity) filter (where events.kind in ('image_sent', 'image_failed')), 0) as images_sent,
    coalesce(sum(events.quantity) filter (where events.kind = 'image_failed'), 0) as images_failed,
    sum(events.usd) as calls_usd,
    count(*) filter (where events.kind = 'accepted') as labels_accepted,
    count(*) filter (where events.kind = 'held_back') as labels_held_back,
    count(*) filter (where events.kind = 'unmatched') as labels_unmatched,
    count(*) filter (where events.kind = 'rejected') as labels_rejected,
    count(*) filter (where events.kind = 'review') as labels_reviewed,
    count(*) filter (where events.kind = 'model_published') as models_published,
    max(events.recorded_at) as last_event_at
from events
group by events.city_id, date_trunc('hour', events.recorded_at, 'UTC');
