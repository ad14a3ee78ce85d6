-- A city that strangers asked for waits until a person lets it in, or a budget does. What was decided
-- is kept, since the budget counts it. And the registry has a name of its own, so that a snapshot of
-- another one is told from it.

-- At once valid: a row a city is read in a moment.
-- squawk-ignore constraint-missing-not-valid
alter table core.city add constraint city_state_allowed
check (state in ('active', 'disabled', 'waiting', 'refused'));
-- The wider one is in force already.
-- squawk-ignore ban-drop-constraint
alter table core.city drop constraint city_state_known;
comment on column core.city.state is
'active: has a DAG that runs; disabled: kept, not run; waiting: asked for in the app, not let in yet; refused: not let in.';

create table core.city_decision (
    decision_id bigint generated always as identity primary key,
    city_id text not null references core.city (city_id),
    decision text not null,
    decided_by text not null,
    reason text,
    most_usd numeric(12, 4),
    decided_at timestamptz not null default clock_timestamp(),
    constraint city_decision_known check (decision in ('let_in', 'approved', 'refused')),
    constraint city_decision_signed check (btrim(decided_by) <> ''),
    constraint city_decision_refusal_explained check (decision <> 'refused' or btrim(reason) <> ''),
    constraint city_decision_let_in_counted check (decision <> 'let_in' or most_usd is not null)
);
create index city_decision_by_city on core.city_decision (city_id, decided_at);
comment on table core.city_decision is 'Who let a city in that was asked for, or refused it; the newest row of a city holds.';
comment on column core.city_decision.decision_id is 'Surrogate id.';
comment on column core.city_decision.city_id is 'The city.';
comment on column core.city_decision.decision is
'let_in: by the monthly budget for requests; approved or refused: by a person.';
comment on column core.city_decision.decided_by is 'Login of the person; or that it was the budget for requests.';
comment on column core.city_decision.reason is 'Why it was refused, in a sentence for the asker.';
comment on column core.city_decision.most_usd is 'What its first run might cost at most when it was decided, in US dollars.';
comment on column core.city_decision.decided_at is 'When.';
grant select, insert, update, delete on core.city_decision to sightscan_pipeline;
grant select on core.city_decision to sightscan_analyst;

create table core.registry (
    registry_id uuid primary key default gen_random_uuid(),
    is_only boolean not null default true unique,
    recorded_at timestamptz not null default now(),
    constraint registry_is_one check (is_only)
);
insert into core.registry default values;
comment on table core.registry is 'One row: which registry of cities this is, in the snapshot that DAG parsing reads.';
comment on column core.registry.registry_id is 'Its name; a backup has it, too.';
comment on column core.registry.is_only is 'Always true: there is one row.';
comment on column core.registry.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.registry to sightscan_pipeline;
grant select on core.registry to sightscan_analyst;

create table core.forgotten_city (
    slug text primary key,
    forgotten_by text not null,
    forgotten_at timestamptz not null default now()
);
comment on table core.forgotten_city is
'Cities that the registry lacks and whose DAGs may go: the snapshot loses no other.';
comment on column core.forgotten_city.slug is 'The ASCII name that the snapshot has.';
comment on column core.forgotten_city.forgotten_by is 'Login of who said so.';
comment on column core.forgotten_city.forgotten_at is 'When.';
grant select, insert, update, delete on core.forgotten_city to sightscan_pipeline;
grant select on core.forgotten_city to sightscan_analyst;

-- A name that Wikidata does not answer about goes behind the others.
alter table load.city_request add column try_count integer not null default 0;
alter table load.city_request add column tried_at timestamptz;
comment on column load.city_request.try_count is 'How often the name was looked up without an answer.';
comment on column load.city_request.tried_at is 'When it was last looked up; null: not yet.';
