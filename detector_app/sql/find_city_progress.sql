-- How far a city is, live, and what the last ten cities that were built took.
with last_ones as (
    select
        first_model.seconds,
        first_model.usd
    from mart.first_model
    order by first_model.published_at desc
    limit 10
),

past as (
    select
        count(*)::integer as past_count,
        percentile_cont(0.5) within group (order by last_ones.seconds) as past_seconds,
        percentile_cont(0.5) within group (order by last_ones.usd) as past_usd
    from last_ones
)

select
    city_progress.city_slug,
    city_progress.city_name,
    city_progress.country,
    city_progress.stage,
    city_progress.vote_count,
    city_progress.queue_place,
    city_progress.waits_for,
    city_progress.probable_usd,
    city_progress.reason,
    city_progress.sight_count,
    city_progress.crawled_count,
    city_progress.crawl_count,
    city_progress.photo_count,
    city_progress.labelled_photo_count,
    city_progress.epoch_count,
    city_progress.curve,
    city_progress.model_version,
    city_progress.not_trained_because,
    city_progress.not_published_because,
    past.past_count,
    past.past_seconds,
    past.past_usd
from mart.city_progress
cross join past
where city_progress.city_slug = %(city_slug)s
