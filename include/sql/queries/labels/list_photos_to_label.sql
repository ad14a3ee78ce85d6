-- The photos of a city that may be labelled, and those that were, with what came of them: what the
-- choice of the next ones is made from.
with found as (
    select
        photo_source.sha256,
        array_agg(distinct photo_source.sight_id) as sight_ids,
        (array_agg(photo_source.source order by photo_source.found_at, photo_source.source))[1] as source,
        bool_and(sight.state = 'streets') as is_street
    from core.sight
    inner join core.photo_source on sight.sight_id = photo_source.sight_id
    left join core.removed_photo on photo_source.sha256 = removed_photo.sha256
    where
        sight.city_id = %(city_id)s
        -- Whatever is seen on photos of sights elsewhere, it is none of the city's.
        and sight.state not in ('dropped', 'elsewhere')
        and removed_photo.sha256 is null
    group by photo_source.sha256
    -- What strangers share costs nothing: a person looks at it, no service is paid for it.
    having bool_or(photo_source.source <> %(contributed)s)
),

call as (
    select
        paid_call.subject_sha256,
        bool_or(paid_call.state <> 'failed' and paid_call.resend_allowed_at is null) as is_standing,
        -- Failed with an answer: it was refused, or never fit to send. Bytes do not change, so it is
        -- not tried again. Failed without an answer was never processed.
        bool_or(paid_call.state = 'failed' and paid_call.answer is not null) as is_given_up,
        bool_or(paid_call.state = 'succeeded') as is_answered
    from core.paid_call
    inner join core.photo on paid_call.subject_sha256 = photo.sha256
    where
        paid_call.provider = %(provider)s
        and paid_call.feature = %(feature)s
    group by paid_call.subject_sha256
),

labelled as (
    select
        accepted_label.sha256,
        array_agg(distinct accepted_label.sight_id) as sight_ids
    from mart.accepted_label
    where accepted_label.city_id = %(city_id)s
    group by accepted_label.sha256
)

select
    found.sha256,
    photo.cluster_sha256,
    photo.width_pixels,
    photo.height_pixels,
    found.source,
    found.sight_ids,
    found.is_street,
    not coalesce(call.is_standing, false) as is_waiting,
    coalesce(call.is_answered, false) as is_answered,
    coalesce(labelled.sight_ids, '{}') as accepted_sight_ids
from found
inner join core.photo on found.sha256 = photo.sha256
left join call on found.sha256 = call.subject_sha256
left join labelled on found.sha256 = labelled.sha256
where coalesce(call.is_standing, false) or not coalesce(call.is_given_up, false)
order by found.sha256;
