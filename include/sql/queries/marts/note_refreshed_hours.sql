insert into mart.refreshed_hour (hour_at, refreshed_at)
select
    hours.hour_at,
    %(began_at)s as refreshed_at
from
    generate_series(
        %(start_at)s::timestamptz, %(end_at)s::timestamptz - interval '1 hour', interval '1 hour'
    ) as hours (hour_at)
order by hours.hour_at
on conflict (hour_at) do update
    set refreshed_at = greatest(refreshed_hour.refreshed_at, excluded.refreshed_at);
