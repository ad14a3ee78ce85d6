-- Whoever asks for a city finds the answer by an id that their page made; who counts is a person, once a
-- city; and what a city waits for is noted where the app may read it.

alter table core.city_request add column refusal text;
alter table core.city_request add column choices jsonb not null default '[]';
-- Null in each row that is there: valid at once.
-- squawk-ignore constraint-missing-not-valid
alter table core.city_request add constraint city_request_refusal_known
check (refusal in ('unknown', 'ambiguous', 'retired', 'refused', 'unanswered', 'unfit'));
comment on column core.city_request.refusal is
'Why it was refused: the name is unknown or ambiguous; its city is retired, or was refused; unanswered: Wikidata '
'did not answer; unfit: what is known of the place cannot be stored. Null: it was not, or by an older version.';
comment on column core.city_request.choices is
'Cities that may have been meant, up to six: objects of id, name, region, country, description, population.';

create table core.city_answer (
    request_id uuid primary key,
    answered_by uuid not null references core.city_request (request_id),
    asked_at timestamptz not null,
    recorded_at timestamptz not null default now()
);
create index city_answer_by_answer on core.city_answer (answered_by);
comment on table core.city_answer is 'Which decided request answers the id that an asker''s page made.';
comment on column core.city_answer.request_id is 'Made of the asker and the name, so that asking twice is asking once.';
comment on column core.city_answer.answered_by is 'The row of core.city_request; the newest, if it was asked again.';
comment on column core.city_answer.asked_at is 'When it was asked, last.';
comment on column core.city_answer.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.city_answer to sightscan_pipeline;
grant select on core.city_answer to sightscan_analyst;

create table core.city_vote (
    city_id text not null references core.city (city_id),
    asker_sha256 bytea not null,
    recorded_at timestamptz not null default now(),
    primary key (city_id, asker_sha256),
    constraint city_vote_sha256_length check (octet_length(asker_sha256) = 32)
);
comment on table core.city_vote is 'Who asked for a city, so that one person counts once, whenever and under whatever name.';
comment on column core.city_vote.city_id is 'The city.';
comment on column core.city_vote.asker_sha256 is 'SHA-256 of the asker''s anonymous id.';
comment on column core.city_vote.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.city_vote to sightscan_pipeline;
grant select on core.city_vote to sightscan_analyst;

create table core.city_wait (
    city_id text primary key references core.city (city_id),
    waits_for text not null,
    most_usd numeric(12, 4),
    probable_usd numeric(12, 4),
    noted_at timestamptz not null default now(),
    constraint city_wait_known check (waits_for in ('approval', 'budget', 'turn'))
);
comment on table core.city_wait is 'What cities wait for that were asked for, as sync_cities saw it last.';
comment on column core.city_wait.city_id is 'The city.';
comment on column core.city_wait.waits_for is
'approval: a person''s, since no budget for requests can let it in; budget: the next month''s; turn: those before it.';
comment on column core.city_wait.most_usd is 'What its first run may cost at most, in US dollars; null: not known.';
comment on column core.city_wait.probable_usd is 'What it probably costs, in US dollars; null: not known.';
comment on column core.city_wait.noted_at is 'When.';
grant select, insert, update, delete on core.city_wait to sightscan_pipeline;
grant select on core.city_wait to sightscan_analyst;
