-- What labels count for in hours of cities, by city and by sight: in one statement, since looking at
-- the labels is most of it. The city's rows are there, or come when their own hour is refreshed: a
-- label never leaves the hour in which it became known. The sight of which a label was before nobody
-- knows any more, so all sights of the city that have facts of the hour are counted anew.
with asked as (
    select
        hours.city_id,
        hours.hour_at
    from unnest(%(city_ids)s::text[], %(label_hours)s::timestamptz[]) as hours (city_id, hour_at)
),

decided as materialized (
    select
        asked.city_id,
        asked.hour_at,
        decided_label.label_id,
        decided_label.sha256,
        decided_label.recorded_at,
        decided_label.sight_id,
        decided_label.state,
        decided_label.review,
        -- Of most photos it is the only label, which is told by less than the reviews of others.
        decided_label.state = 'accepted' and exists (
            select 1
            from core.label as other
            where
                other.city_id = asked.city_id
                and other.sha256 = decided_label.sha256
                and (other.recorded_at, other.label_id) < (decided_label.recorded_at, decided_label.label_id)
        ) as has_earlier
    from asked
    cross join lateral (
        select
            decided.label_id,
            decided.sha256,
            decided.recorded_at,
            decided.sight_id,
            decided.state,
            decided.review
        from mart.decided_label as decided
        where
            decided.recorded_at >= asked.hour_at
            and decided.recorded_at < asked.hour_at + interval '1 hour'
            and decided.city_id = asked.city_id
        -- Else the planner joins all labels with the hours, instead of looking into each by index.
        offset 0 -- noqa: AM09
    ) as decided_label
),

by_city as (
    select
        decided.city_id,
        decided.hour_at,
        count(*) filter (
            where decided.state = 'accepted' and (
                not decided.has_earlier
                or not exists (
                    select 1
                    from mart.accepted_label as other
                    where
                        other.city_id = decided.city_id
                        and other.sha256 = decided.sha256
                        and (other.recorded_at, other.label_id) < (decided.recorded_at, decided.label_id)
                )
            )
        ) as photos_labelled,
        count(*) filter (where decided.state = 'accepted') as labels_accepted,
        count(*) filter (where decided.state = 'held_back') as labels_held_back,
        count(*) filter (where decided.state = 'unmatched') as labels_unmatched,
        count(*) filter (where decided.state = 'rejected') as labels_rejected
    from decided
    group by decided.city_id, decided.hour_at
),

city_facts as (
    update mart.city_activity_hourly_v2 as fact
    set
        photos_labelled = by_city.photos_labelled,
        labels_accepted = by_city.labels_accepted,
        labels_held_back = by_city.labels_held_back,
        labels_unmatched = by_city.labels_unmatched,
        labels_rejected = by_city.labels_rejected
    from by_city
    where
        fact.city_id = by_city.city_id
        and fact.hour_at = by_city.hour_at
),

events as (
    select
        decided.sight_id,
        decided.hour_at,
        decided.state as kind,
        decided.state = 'accepted' and (
            not decided.has_earlier
            or not exists (
                select 1
                from mart.accepted_label as other
                where
                    other.city_id = decided.city_id
                    and other.sight_id = decided.sight_id
                    and other.sha256 = decided.sha256
                    and (other.recorded_at, other.label_id) < (decided.recorded_at, decided.label_id)
            )
        ) as is_first,
        false as has_photos
    from decided
    where decided.sight_id is not null
    union all
    -- Of the sight that the provider saw, whatever people made of it. A withdrawn decision is none.
    select
        label.sight_id,
        decided.hour_at,
        'reviewed' as kind,
        false as is_first,
        false as has_photos
    from decided
    inner join core.label on decided.label_id = label.label_id
    where decided.review <> 'withdraw' and label.sight_id is not null
    union all
    select
        known.sight_id,
        known.hour_at,
        null as kind,
        false as is_first,
        known.photos_new > 0 or known.photos_rejected > 0 as has_photos
    from asked
    inner join core.sight on asked.city_id = sight.city_id
    inner join mart.sight_activity_hourly_v1 as known
        on
            sight.sight_id = known.sight_id
            and asked.hour_at = known.hour_at
),

by_sight as (
    select
        events.sight_id,
        events.hour_at,
        count(events.kind) > 0 or bool_or(events.has_photos) as has_events,
        count(*) filter (where events.kind = 'accepted' and events.is_first) as photos_labelled,
        count(*) filter (where events.kind = 'accepted') as labels_accepted,
        count(*) filter (where events.kind = 'held_back') as labels_held_back,
        count(*) filter (where events.kind = 'rejected') as labels_rejected,
        count(*) filter (where events.kind = 'reviewed') as labels_reviewed
    from events
    group by events.sight_id, events.hour_at
),

-- All that there was of it in this hour is of another sight now.
left_over as (
    delete from mart.sight_activity_hourly_v1 as fact
    using by_sight
    where
        fact.sight_id = by_sight.sight_id
        and fact.hour_at = by_sight.hour_at
        and not by_sight.has_events
)

insert into mart.sight_activity_hourly_v1 as fact (
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
select
    by_sight.sight_id,
    by_sight.hour_at,
    0 as photos_new,
    0 as photos_rejected,
    0 as photos_answered,
    0 as photos_empty,
    0 as photos_unmatched,
    by_sight.photos_labelled,
    by_sight.labels_accepted,
    by_sight.labels_held_back,
    by_sight.labels_rejected,
    by_sight.labels_reviewed
from by_sight
where by_sight.has_events
on conflict (sight_id, hour_at) do update
    set
        photos_labelled = excluded.photos_labelled,
        labels_accepted = excluded.labels_accepted,
        labels_held_back = excluded.labels_held_back,
        labels_rejected = excluded.labels_rejected,
        labels_reviewed = excluded.labels_reviewed
    where
    (
        fact.photos_labelled,
        fact.labels_accepted,
        fact.labels_held_back,
        fact.labels_rejected,
        fact.labels_reviewed
    )
    <> (
        excluded.photos_labelled,
        excluded.labels_accepted,
        excluded.labels_held_back,
        excluded.labels_rejected,
        excluded.labels_reviewed
    );
