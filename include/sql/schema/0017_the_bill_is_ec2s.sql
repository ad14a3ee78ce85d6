-- The bill is EC2's: a session for every start, also of those that nobody asked for, with the times
-- and the price of the instance that ran; and each run pays for the span in which it held it.

-- Workers of the version before read neither.
-- squawk-ignore ban-drop-not-null
alter table core.instance_session alter column dag_id drop not null;
-- squawk-ignore ban-drop-not-null
alter table core.instance_session alter column run_id drop not null;
alter table core.instance_session add column instance_type text;
alter table core.instance_session add column started_by text not null default 'run';
comment on column core.instance_session.city_id is 'The city it was started for; null: nobody asked for it.';
comment on column core.instance_session.dag_id is 'The DAG that started it; null: nobody asked for it.';
comment on column core.instance_session.run_id is 'The run that started it; null: nobody asked for it.';
comment on column core.instance_session.instance_type is 'EC2 instance type, by which it is billed; null: EC2 was not asked.';
comment on column core.instance_session.started_by is 'run; or nobody: it was found running, or to have run.';
comment on column core.instance_session.running_at is 'When EC2 launched it; seconds are billed from here. Null: it has not run.';
comment on column core.instance_session.stopped_at is
'When EC2 stopped it; where EC2 does not say, when it was first seen stopped.';
comment on column core.instance_session.stopped_by is 'teardown, reaper, itself (shut down from inside) or somebody else.';

create table core.lease_use (
    session_id bigint not null references core.instance_session (session_id),
    instance_id text not null,
    city_id text not null references core.city (city_id),
    dag_id text not null,
    run_id text not null,
    leased_at timestamptz not null,
    released_at timestamptz,
    recorded_at timestamptz not null default now(),
    primary key (session_id, leased_at),
    constraint lease_use_order check (released_at >= leased_at)
);
create index lease_use_by_run on core.lease_use (dag_id, run_id);
create index lease_use_by_city on core.lease_use (city_id);
comment on table core.lease_use is
'Which run held an instance during a session, and so pays for it: several may follow each other.';
comment on column core.lease_use.session_id is 'The session.';
comment on column core.lease_use.instance_id is 'EC2 instance id.';
comment on column core.lease_use.city_id is 'The city that it worked for.';
comment on column core.lease_use.dag_id is 'The DAG that held it.';
comment on column core.lease_use.run_id is 'The run that held it.';
comment on column core.lease_use.leased_at is 'Since when, as in core.instance_lease.';
comment on column core.lease_use.released_at is 'When it was given back or taken away; null: it is held.';
comment on column core.lease_use.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.lease_use to sightscan_pipeline;
grant select on core.lease_use to sightscan_analyst;

-- The reaper leases what it stops: then nobody else can, and the row says no city. A reaper of the
-- version before takes it for the lease of a run that was deleted, and stops the instance, too.
-- squawk-ignore ban-drop-not-null
alter table core.instance_lease alter column city_id drop not null;
alter table core.instance_lease add column quiet_since timestamptz;
comment on column core.instance_lease.city_id is 'The city it works for; null: the reaper stops it.';
comment on column core.instance_lease.quiet_since is
'When the reaper first saw that no task of the run was at work; null: one is.';

-- A minute at least, by the second after it, as EC2 bills Linux. What lies before the first holder
-- and after the last is theirs, and so is what lies between two the earlier one's.
create or replace view core.session_cost as
with billed_session as (
    select
        instance_session.session_id,
        instance_session.instance_id,
        instance_session.city_id,
        instance_session.dag_id,
        instance_session.run_id,
        instance_session.price_per_hour_usd,
        instance_session.running_at,
        instance_session.stopped_at,
        greatest(
            coalesce(instance_session.stopped_at, now()),
            instance_session.running_at + interval '60 seconds'
        ) as billed_until
    from core.instance_session
    where instance_session.running_at is not null
),

span as (
    select
        billed_session.session_id,
        billed_session.instance_id,
        billed_session.price_per_hour_usd,
        coalesce(lease_use.city_id, billed_session.city_id) as city_id,
        coalesce(lease_use.dag_id, billed_session.dag_id) as dag_id,
        coalesce(lease_use.run_id, billed_session.run_id) as run_id,
        -- Leases are dated by the warehouse's clock, sessions by EC2's.
        case
            when earlier.leased_at is null then billed_session.running_at
            else least(greatest(lease_use.leased_at, billed_session.running_at), billed_session.billed_until)
        end as running_at,
        case
            when later.leased_at is null then billed_session.stopped_at
            else least(greatest(later.leased_at, billed_session.running_at), billed_session.billed_until)
        end as stopped_at,
        case
            when later.leased_at is null then billed_session.billed_until
            else least(greatest(later.leased_at, billed_session.running_at), billed_session.billed_until)
        end as billed_until
    from billed_session
    left join core.lease_use on billed_session.session_id = lease_use.session_id
    left join lateral (
        select max(other.leased_at) as leased_at
        from core.lease_use as other
        where
            other.session_id = lease_use.session_id
            and other.leased_at < lease_use.leased_at
    ) as earlier on true
    left join lateral (
        select min(other.leased_at) as leased_at
        from core.lease_use as other
        where
            other.session_id = lease_use.session_id
            and other.leased_at > lease_use.leased_at
    ) as later on true
)

select
    span.session_id,
    span.instance_id,
    span.city_id,
    span.dag_id,
    span.run_id,
    span.running_at,
    span.stopped_at,
    extract(epoch from span.billed_until - span.running_at) as billed_seconds,
    extract(epoch from span.billed_until - span.running_at)
    / 3600 * span.price_per_hour_usd as cost_usd,
    extract(
        epoch from greatest(
            span.billed_until - greatest(span.running_at, date_trunc('month', now(), 'UTC')),
            interval '0'
        )
    )
    / 3600 * span.price_per_hour_usd as cost_this_month_usd
from span;
comment on view core.session_cost is
'What each instance session that ran has cost, by the run that held it: one row per session and holder, up to now if it still runs.';
comment on column core.session_cost.city_id is 'The city that pays; null: nobody''s.';
comment on column core.session_cost.dag_id is 'The DAG that pays; null: nobody''s.';
comment on column core.session_cost.run_id is 'The run that pays; null: nobody''s.';
comment on column core.session_cost.running_at is 'From when on this run pays.';
comment on column core.session_cost.stopped_at is 'Until when; null: it runs on.';
comment on column core.session_cost.billed_seconds is 'Seconds that are billed: of a session, a minute at least.';
