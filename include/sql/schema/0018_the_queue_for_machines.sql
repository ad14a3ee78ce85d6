-- Runs that wait for a GPU instance stand in a queue; an instance may go from one to the next warm.

create table core.lease_request (
    dag_id text not null,
    run_id text not null,
    city_id text not null references core.city (city_id),
    instance_ids text[] not null,
    lease_seconds integer not null,
    asked_at timestamptz not null default now(),
    renewed_at timestamptz not null default now(),
    primary key (dag_id, run_id),
    constraint lease_request_names_instances check (cardinality(instance_ids) > 0),
    constraint lease_request_seconds_positive check (lease_seconds > 0)
);
comment on table core.lease_request is
'The queue for GPU instances: a row for each run that waits for one. It leaves when it holds a lease.';
comment on column core.lease_request.dag_id is 'The DAG that waits.';
comment on column core.lease_request.run_id is 'The run that waits.';
comment on column core.lease_request.city_id is 'The city it works for; how many people asked for it orders the queue.';
comment on column core.lease_request.instance_ids is 'EC2 instance ids that it may get, the first the likeliest.';
comment on column core.lease_request.lease_seconds is 'For how long it will lease one at most.';
comment on column core.lease_request.asked_at is 'Since when it waits.';
comment on column core.lease_request.renewed_at is 'When it last said that it still waits; one that falls silent gets nothing.';
grant select, insert, update, delete on core.lease_request to sightscan_pipeline;
grant select on core.lease_request to sightscan_analyst;

alter table core.instance_lease add column handed_over_at timestamptz;
alter table core.instance_lease add column refused_starts integer not null default 0;
comment on column core.instance_lease.handed_over_at is
'Since when its instance runs for a holder that has not taken it up yet; null: it has, or found it stopped.';
comment on column core.instance_lease.refused_starts is
'How often EC2 had no capacity to start it for this holder.';
comment on column core.instance_session.stopped_by is
'teardown, reaper, itself (shut down from inside), refused (EC2 had no capacity, it never ran) or somebody else.';
