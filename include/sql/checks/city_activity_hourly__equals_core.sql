-- severity: warn
-- The facts of the last two days that they know are what core holds; else run `refresh-marts`.
with last_hour as (
    select max(city_activity_hourly.hour_at) as hour_at
    from mart.city_activity_hourly
    where %(city_id)s::text is null or city_activity_hourly.city_id = %(city_id)s
),

counted as (
    select
        sight.city_id,
        date_trunc('hour', photo_source.recorded_at, 'UTC') as hour_at,
        count(*) as photos_found
    from last_hour
    inner join core.photo_source
        on
            photo_source.recorded_at >= last_hour.hour_at - interval '2 days'
            and last_hour.hour_at > photo_source.recorded_at
    inner join core.sight on photo_source.sight_id = sight.sight_id
    where %(city_id)s::text is null or sight.city_id = %(city_id)s
    group by sight.city_id, date_trunc('hour', photo_source.recorded_at, 'UTC')
)

select
    counted.city_id,
    counted.hour_at,
    counted.photos_found,
    city_activity_hourly.photos_found as photos_found_in_mart
from counted
left join mart.city_activity_hourly
    on
        counted.city_id = city_activity_hourly.city_id
        and counted.hour_at = city_activity_hourly.hour_at
where counted.photos_found is distinct from city_activity_hourly.photos_found;
