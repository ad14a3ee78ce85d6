select
    format(
        'process %%s of %%s (%%s, %%s, in its transaction since %%s)',
        pg_stat_activity.pid,
        coalesce(pg_stat_activity.usename, 'the server'),
        coalesce(nullif(pg_stat_activity.application_name, ''), 'unnamed program'),
        coalesce(pg_stat_activity.state, 'state unknown'),
        coalesce(to_char(pg_stat_activity.xact_start, 'HH24:MI:SS'), 'unknown')
    ) as blocker
from unnest(pg_blocking_pids(%(process)s)) as blocking (pid)
inner join pg_stat_activity on blocking.pid = pg_stat_activity.pid
order by pg_stat_activity.xact_start;
