-- What a provider allows all workers together: a pause that it asked for, and places at a time.

alter table core.rate_limit add column paused_until timestamptz;
comment on column core.rate_limit.paused_until is 'Until when the service asked to be left alone; null or past: it did not.';

create table core.request_slot (
    pool text not null,
    slot smallint not null,
    holder uuid not null,
    expires_at timestamptz not null,
    primary key (pool, slot),
    constraint request_slot_numbered check (slot >= 1)
);
comment on table core.request_slot is 'Places at services that allow few requests at a time, all workers together.';
comment on column core.request_slot.pool is 'Whose places, such as wikimedia: all its hosts have them in common.';
comment on column core.request_slot.slot is 'Number of the place, from 1.';
comment on column core.request_slot.holder is 'The request that has it, or had it last.';
comment on column core.request_slot.expires_at is 'When it is free: as it was given back, or, of a holder that died, when its request must have ended.';
grant select, insert, update, delete on core.request_slot to sightscan_pipeline;
grant select on core.request_slot to sightscan_analyst;
