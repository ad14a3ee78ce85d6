insert into mart.sight_activity_hourly_v1 (
    sight_id,
    hour_at,
    photos_new,
    photos_rejected,
    photos_answered,
    photos_empty,
    photos_unmatched,
    photos_labelled,
    labels_accepted,
    labels_held_back,
    labels_rejected,
    labels_reviewed
)
with events as (
    select
        photo_source.sight_id,
        photo_source.recorded_at,
        'photo_new' as kind,
        true as is_first,
        -- What the provider saw on it in the city; null while it was not asked or did not answer.
        case
            when
                exists (
                    select 1
                    from core.paid_call
                    where
                        paid_call.provider = 'google_vision'
                        and paid_call.feature = 'landmark_detection'
                        and paid_call.subject_sha256 = photo_source.sha256
                        and paid_call.state = 'succeeded'
                )
                then coalesce(
                    (
                        select case when bool_or(label.state <> 'unmatched') then 'matched' else 'unmatched' end
                        from core.label
                        where
                            label.city_id = sight.city_id
                            and label.sha256 = photo_source.sha256
                        having count(*) > 0
                    ),
                    'empty'
                )
        end as answer
    from core.photo_source
    inner join core.sight on photo_source.sight_id = sight.sight_id
    where
        photo_source.recorded_at >= %(start_at)s
        and photo_source.recorded_at < %(end_at)s
        -- The first source of a photo for the sight; its key decides between two of one moment.
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
        'photo_rejected' as kind,
        false as is_first,
        null as answer
    from core.rejected_photo
    where rejected_photo.recorded_at >= %(start_at)s and rejected_photo.recorded_at < %(end_at)s
    union all
    select
        decided_label.sight_id,
        decided_label.recorded_at,
        decided_label.state as kind,
        decided_label.state = 'accepted' and not exists (
            select 1
            from mart.accepted_label as other
            where
                other.city_id = decided_label.city_id
                and other.sight_id = decided_label.sight_id
                and other.sha256 = decided_label.sha256
                and (other.recorded_at, other.label_id) < (decided_label.recorded_at, decided_label.label_id)
        ) as is_first,
        null as answer
    from mart.decided_label
    where
        decided_label.recorded_at >= %(start_at)s
        and decided_label.recorded_at < %(end_at)s
        and decided_label.sight_id is not null
    union all
    -- Of the sight that the provider saw, whatever people made of it. A decision that was withdrawn is none.
    select
        label.sight_id,
        label.recorded_at,
        'reviewed' as kind,
        false as is_first,
        null as answer
    from core.label
    -- Not by an existing row of mart.decided_label, for which all reviews that there are would be read.
    cross join
        lateral (
            select label_review.decision
            from core.label_review
            where label_review.label_id = label.label_id
            order by label_review.recorded_at desc, label_review.review_id desc
            limit 1
        ) as last_review
    where
        label.recorded_at >= %(start_at)s
        and label.recorded_at < %(end_at)s
        and label.sight_id is not null
        and last_review.decision <> 'withdraw'
)

select
    events.sight_id,
    date_trunc('hour', events.recorded_at, 'UTC') as hour_at,
    count(*) filter (where events.kind = 'photo_new') as photos_new,
    count(*) filter (where events.kind = 'photo_rejected') as photos_rejected,
    count(*) filter (where events.answer is not null) as photos_answered,
    count(*) filter (where events.answer = 'empty') as photos_empty,
    count(*) filter (where events.answer = 'unmatched') as photos_unmatched,
    count(*) filter (where events.kind = 'accepted' and events.is_first) as photos_labelled,
    count(*) filter (where events.kind = 'accepted') as labels_accepted,
    count(*) filter (where events.kind = 'held_back') as labels_held_back,
    count(*) filter (where events.kind = 'rejected') as labels_rejected,
    count(*) filter (where events.kind = 'reviewed') as labels_reviewed
from events
group by events.sight_id, date_trunc('hour', events.recorded_at, 'UTC');
