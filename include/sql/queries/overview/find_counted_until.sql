-- Up to when the facts count: the end of the last hour that was refreshed, or that refresh, if the hour was not over.
select least(refreshed_hour.hour_at + interval '1 hour', refreshed_hour.refreshed_at) as counted_until
from mart.refreshed_hour
order by refreshed_hour.hour_at desc
limit 1
