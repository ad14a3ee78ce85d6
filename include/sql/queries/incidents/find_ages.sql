-- Up to when the marts are refreshed, when the last backup was whole, and since when there is a city, without
-- which neither is missed.
select
    (select max(refreshed_hour.hour_at) + interval '1 hour' from mart.refreshed_hour) as refreshed_until,
    (select max(backup.finished_at) from core.backup) as backed_up_at,
    (select min(city.recorded_at) from core.city) as begun_at
