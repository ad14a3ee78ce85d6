-- What the provider answered for the photos that sights found first in some hours.
with asked as (
    select
        sight.sight_id,
        sight.city_id,
        keys.hour_at
    from unnest(%(sight_ids)s::bigint[], %(answer_hours)s::timestamptz[]) as keys (sight_id, hour_at)
    inner join core.sight on keys.sight_id = sight.sight_id
),

counted as (
    select
        asked.sight_id,
        asked.hour_at,
        photo.answered_count,
        photo.empty_count,
        photo.unmatched_count
    from asked
    cross join
        lateral (
            select
                count(*) as answered_count,
                count(*) filter (
                    where not exists (
                        select 1
                        from core.label
                        where
                            label.city_id = asked.city_id
                            and label.sha256 = photo_source.sha256
                    )
                ) as empty_count,
                count(*) filter (
                    where (
                        select bool_and(label.state = 'unmatched')
                        from core.label
                        where
                            label.city_id = asked.city_id
                            and label.sha256 = photo_source.sha256
                    )
                ) as unmatched_count
            from core.photo_source
            where
                photo_source.recorded_at >= asked.hour_at
                and photo_source.recorded_at < asked.hour_at + interval '1 hour'
                -- Not by the index, in which all photos of the sight would be read for those of an hour.
                and photo_source.sight_id + 0 = asked.sight_id
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
                        and (other.recorded_at, other.url_sha256)
                        < (photo_source.recorded_at, photo_source.url_sha256)
                )
        ) as photo
)

update mart.sight_activity_hourly_v1 as fact
set
    photos_answered = counted.answered_count,
    photos_empty = counted.empty_count,
    photos_unmatched = counted.unmatched_count
from counted
where
    fact.sight_id = counted.sight_id
    and fact.hour_at = counted.hour_at
    and (fact.photos_answered, fact.photos_empty, fact.photos_unmatched)
    <> (counted.answered_count, counted.empty_count, counted.unmatched_count);
