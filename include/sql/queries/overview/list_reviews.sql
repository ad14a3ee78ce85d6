-- Labels that wait for a person, by city, the most first, with the sums over all cities that were let in: those of
-- mart.label_to_review that are held back, or accepted below one half. The index label_waiting has them.
with waiting as (
    select
        label.city_id,
        count(*) as label_count,
        count(*) filter (where label.reason = 'contributed') as contributed_count
    from core.label
    where
        (label.state = 'held_back' or (label.state = 'accepted' and label.score < 0.5))
        -- What a person spoke last about waits no more.
        and not exists (
            select 1
            from core.label_review
            where
                label_review.label_id = label.label_id
                and label_review.decision <> 'withdraw'
                and not exists (
                    select 1
                    from core.label_review as later
                    where
                        later.label_id = label_review.label_id
                        and (later.recorded_at, later.review_id) > (label_review.recorded_at, label_review.review_id)
                )
        )
        and not exists (
            select 1
            from core.removed_photo
            where removed_photo.sha256 = label.sha256
        )
    group by label.city_id
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
where city.state = any(%(states)s)
order by waiting.label_count desc, city.slug asc
limit %(most)s
