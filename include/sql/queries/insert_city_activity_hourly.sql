insert into mart.city_activity_hourly_v1 (
    hour_at,
    city_id,
    photos_found,
    photos_rejected,
    images_sent,
    labels_accepted,
    labels_not_accepted,
    models_published
)
with events as (
    select
        photo_source.recorded_at,
        sight.city_id,
        'photo_found' as kind,
        1 as quantity
    from core.photo_source
    inner join core.sight on photo_source.sight_id = sight.sight_id
    where photo_source.recorded_at >= %(start_at)s and photo_source.recorded_at < %(end_at)s
    union all
    select
        rejected_photo.recorded_at,
        sight.city_id,
        'photo_rejected' as kind,
        1 as quantity
    from core.rejected_photo
    inner join core.sight on rejected_photo.sight_id = sight.sight_id
    where rejected_photo.recorded_at >= %(start_at)s and rejected_photo.recorded_at < %(end_at)s
    union all
    select
        paid_call.recorded_at,
        paid_call.city_id,
        'image_sent' as kind,
        paid_call.unit_count as quantity
    from core.paid_call
    where
        paid_call.recorded_at >= %(start_at)s
        and paid_call.recorded_at < %(end_at)s
        and not paid_call.is_taken_over
    union all
    select
        label.recorded_at,
        label.city_id,
        case label.state when 'accepted' then 'label_accepted' else 'label_not_accepted' end as kind,
        1 as quantity
    from core.label
    where label.recorded_at >= %(start_at)s and label.recorded_at < %(end_at)s
    union all
    select
        publication.recorded_at,
        publication.city_id,
        'model_published' as kind,
        1 as quantity
    from core.publication
    where publication.recorded_at >= %(start_at)s and publication.recorded_at < %(end_at)s
)

select
    date_trunc('hour', events.recorded_at) as hour_at,
    events.city_id,
    coalesce(sum(events.quantity) filter (where events.kind = 'photo_found'), 0) as photos_found,
    coalesce(sum(events.quantity) filter (where events.kind = 'photo_rejected'), 0) as photos_rejected,
    coalesce(sum(events.quantity) filter (where events.kind = 'image_sent'), 0) as images_sent,
    coalesce(sum(events.quantity) filter (where events.kind = 'label_accepted'), 0) as labels_accepted,
    coalesce(sum(events.quantity) filter (where events.kind = 'label_not_accepted'), 0)
        as labels_not_accepted,
    coalesce(sum(events.quantity) filter (where events.kind = 'model_published'), 0) as models_published
from events
group by date_trunc('hour', events.recorded_at), events.city_id;
