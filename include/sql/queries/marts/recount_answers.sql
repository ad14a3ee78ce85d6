-- What the provider answered for the photos that sights found first in some hours.
with counted as (
    select
        asked.sight_id,
        asked.hour_at,
        count(*) as photos_answered,
        count(*) filter (where not photo.has_labels) as photos_empty,
        count(*) filter (where photo.has_labels and not photo.is_matched) as photos_unmatched
    from unnest(%(sight_ids)s::bigint[], %(answer_hours)s::timestamptz[]) as asked (sight_id, hour_at)
    inner join core.sight on asked.sight_id = sight.sight_id
    cross join
        lateral (
            select
                exists(
                    select 1
                    from core.label
                    where
                        label.city_id = sight.city_id
                        and label.sha256 = photo_source.sha256
                ) as has_labels,
                exists(
                    select 1
                    from core.label
                    where
                        label.city_id = sight.city_id
                        and label.sha256 = photo_source.sha256
                        and label.state <> 'unmatched'
                ) as is_matched
            from (
                select
                    found.sha256,
                    found.url_sha256,
                    found.sight_id,
                    found.recorded_at
                from core.photo_source as found
                where
                    found.recorded_at >= asked.hour_at
                    and found.recorded_at < asked.hour_at + interval '1 hour'
                -- Else the planner reads all photos of the sight, to tell those of the hour.
                offset 0 -- noqa: AM09
            ) as photo_source
            where
                photo_source.sight_id = asked.sight_id
                and exists (
                    select 1
                    from core.paid_call
                    where
                        paid_call.provider = 'google_vision'
                        and paid_call.feature = 'landmark_detection'
                        and paid_call.subject_sha256 = photo_source.sha256
                        and paid_call.state = 'succeeded'
                )
                -- The first source of a photo for the sight; its key decides between two of one moment.
                and not exists (
                    select 1
                    from core.photo_source as other
                    where
                        other.sha256 = photo_source.sha256
                        and other.sight_id = photo_source.sight_id
                        and (other.recorded_at, other.url_sha256) < (photo_source.recorded_at, photo_source.url_sha256)
                )
        ) as photo
    group by asked.sight_id, asked.hour_at
),

asked as (
    select
        keys.sight_id,
        keys.hour_at,
        coalesce(counted.photos_answered, 0) as photos_answered,
        coalesce(counted.photos_empty, 0) as photos_empty,
        coalesce(counted.photos_unmatched, 0) as photos_unmatched
    from unnest(%(sight_ids)s::bigint[], %(answer_hours)s::timestamptz[]) as keys (sight_id, hour_at)
    left join counted
        on
            keys.sight_id = counted.sight_id
            and keys.hour_at = counted.hour_at
)

update mart.sight_activity_hourly_v1 as fact
set
    photos_answered = asked.photos_answered,
    photos_empty = asked.photos_empty,
    photos_unmatched = asked.photos_unmatched
from asked
where
    fact.sight_id = asked.sight_id
    and fact.hour_at = asked.hour_at
    and (fact.photos_answered, fact.photos_empty, fact.photos_unmatched)
    <> (asked.photos_answered, asked.photos_empty, asked.photos_unmatched);
