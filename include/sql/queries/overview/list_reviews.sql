-- Labels that wait for a person, by city, the most first, with the sums over all cities that were let in: those of
-- mart.label_to_review that are held back, or accepted below one half. All that a rule lets wait are counted from the
-- index label_waiting alone; what people settled, or took down, are few, and taken off.
with by_rule as (
    select
        label.city_id,
        count(*) as label_count,
        count(*) filter (where label.reason = 'contributed') as contributed_count
    from core.label
    where label.state = 'held_back' or (label.state = 'accepted' and label.score < 0.5)
    group by label.city_id
),

-- What a person spoke last about waits no more.
settled as (
    select label_review.label_id
    from core.label_review
    where
        label_review.decision <> 'withdraw'
        and not exists (
            select 1
            from core.label_review as later
            where
                later.label_id = label_review.label_id
                and (later.recorded_at, later.review_id) > (label_review.recorded_at, label_review.review_id)
        )
    union
    select label.label_id
    from core.removed_photo
    inner join core.label on removed_photo.sha256 = label.sha256
),

no_more as (
    select
        label.city_id,
        count(*) as label_count,
        count(*) filter (where label.reason = 'contributed') as contributed_count
    from settled
    inner join core.label on settled.label_id = label.label_id
    where label.state = 'held_back' or (label.state = 'accepted' and label.score < 0.5)
    group by label.city_id
),

waiting as (
    select
        by_rule.city_id,
        by_rule.label_count - coalesce(no_more.label_count, 0) as label_count,
        by_rule.contributed_count - coalesce(no_more.contributed_count, 0) as contributed_count
    from by_rule
    left join no_more on by_rule.city_id = no_more.city_id
)

select
    city.slug,
    city.name,
    waiting.label_count,
    waiting.contributed_count,
    (count(*) over ())::bigint as city_count,
    (sum(waiting.label_count) over ())::bigint as all_label_count,
    (sum(waiting.contributed_count) over ())::bigint as all_contributed_count
from waiting
inner join core.city on waiting.city_id = city.city_id
where
    city.state = any(%(states)s)
    and waiting.label_count > 0
order by waiting.label_count desc, city.slug asc
limit %(most)s
