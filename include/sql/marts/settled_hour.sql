-- Grain: one row per hour whose facts are final, of the two days up to the last of them: nothing of
-- it, and nothing that changed in it later, can still wait for a refresh. Only such hours can be
-- compared with core without false alarms.
create view mart.settled_hour as
with last_redone as materialized (
    -- Rows are stamped when their transaction begins, and seen two hours later at most.
    select refreshed_hour.hour_at
    from mart.refreshed_hour
    where refreshed_hour.refreshed_at >= refreshed_hour.hour_at + interval '3 hours'
    order by refreshed_hour.hour_at desc
    limit 1
),

bounds as materialized (
    select
        last_redone.hour_at - interval '2 days' as start_at,
        last_redone.hour_at + interval '1 hour' as end_at
    from last_redone
),

redone as materialized (
    select refreshed_hour.hour_at
    from bounds
    inner join mart.refreshed_hour
        on bounds.start_at <= refreshed_hour.hour_at and bounds.end_at > refreshed_hour.hour_at
    where refreshed_hour.refreshed_at >= refreshed_hour.hour_at + interval '3 hours'
),

-- What is known of these hours, and when it changed.
changes as (
    select
        label.recorded_at,
        label.changed_at
    from bounds
    inner join core.label on bounds.start_at <= label.recorded_at and bounds.end_at > label.recorded_at
    where label.changed_at >= bounds.start_at
    union all
    select
        label.recorded_at,
        label_review.recorded_at as changed_at
    from bounds
    inner join core.label_review
        on bounds.start_at <= label_review.recorded_at and label_review.recorded_at < 'infinity'
    inner join core.label on label_review.label_id = label.label_id
    union all
    select
        paid_call.recorded_at,
        paid_call.changed_at
    from bounds
    inner join core.paid_call
        on bounds.start_at <= paid_call.recorded_at and bounds.end_at > paid_call.recorded_at
    where paid_call.changed_at >= bounds.start_at
),

waiting as (
    select distinct date_trunc('hour', changes.recorded_at, 'UTC') as hour_at
    from changes
    where date_trunc('hour', changes.changed_at, 'UTC') not in (select redone.hour_at from redone)
)

select redone.hour_at
from redone
where redone.hour_at not in (select waiting.hour_at from waiting);

comment on view mart.settled_hour is 'One row per hour of the last days whose facts are final, so that they can be checked.';
comment on column mart.settled_hour.hour_at is 'Start of the hour (UTC).';
