-- Up to when the marts are refreshed, and when the last backup was whole; since when there is a city, without
-- which neither is missed, and since when there is one whose backups would be known.
select
    first_city.begun_at,
    (select max(refreshed_hour.hour_at) + interval '1 hour' from mart.refreshed_hour) as refreshed_until,
    (select max(backup.finished_at) from core.backup) as backed_up_at,
    -- A warehouse of an earlier version may have been backed up before.
    greatest(
        first_city.begun_at,
        (
            select applied_migration.applied_at
            from core.applied_migration
            where applied_migration.name = %(backups_noted_by)s
        )
    ) as backups_known_since
from (select min(city.recorded_at) as begun_at from core.city) as first_city
