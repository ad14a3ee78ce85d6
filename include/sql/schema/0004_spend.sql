-- What is paid for: the ledger of calls, the buckets that slow them down, the bill before each run.
-- (What the GPU costs is in core.instance_session, of 0006.)

-- sent_at has a default: what a program that does not note it has reserved counts as sent.
create table core.paid_call (
    call_id bigint generated always as identity primary key,
    provider text not null,
    feature text not null,
    subject_sha256 bytea not null,
    attempt smallint not null,
    city_id text not null references core.city (city_id),
    dag_id text not null,
    run_id text not null,
    state text not null default 'reserved',
    unit_count integer not null default 1,
    price_usd numeric(12, 6) not null,
    answer jsonb,
    error text,
    reserved_at timestamptz not null default now(),
    settled_at timestamptz,
    recorded_at timestamptz not null default now(),
    is_taken_over boolean not null default false,
    changed_at timestamptz not null default now(),
    sent_at timestamptz default clock_timestamp(),
    resend_allowed_at timestamptz,
    resend_allowed_by text,
    unique (provider, feature, subject_sha256, attempt),
    constraint paid_call_state_known check (state in ('reserved', 'succeeded', 'failed', 'unknown')),
    constraint paid_call_settled check ((state = 'reserved') = (settled_at is null)),
    constraint paid_call_answered check (state <> 'succeeded' or answer is not null),
    constraint paid_call_units_positive check (unit_count > 0),
    constraint paid_call_price_not_negative check (price_usd >= 0),
    constraint paid_call_resent_if_unknown check (
        resend_allowed_at is null or (state = 'unknown' and resend_allowed_by is not null)
    )
);
-- A photo has one call that stands, or one more for each time that a person allowed it.
create unique index paid_call_standing_once on core.paid_call (provider, feature, subject_sha256)
where state in ('reserved', 'succeeded', 'unknown') and resend_allowed_at is null;
create index paid_call_by_city on core.paid_call (city_id, provider, feature);
create index paid_call_by_run on core.paid_call (dag_id, run_id);
create index paid_call_by_time on core.paid_call (recorded_at);
-- The refresh of the facts asks which calls were settled.
create index paid_call_by_change on core.paid_call (changed_at);
-- The caps of a city, of the month and in all are counted while others wait: from the index alone.
create index paid_call_spent_by_city on core.paid_call (city_id, provider, feature) include (unit_count, state)
where (state <> 'failed' or (sent_at is not null and answer is not null)) and not is_taken_over;
create index paid_call_spent_by_time on core.paid_call (provider, feature, reserved_at) include (unit_count, state)
where (state <> 'failed' or (sent_at is not null and answer is not null)) and not is_taken_over;
comment on table core.paid_call is 'The ledger: reserved and committed before the call is sent, settled after it.';
comment on column core.paid_call.call_id is 'Surrogate id.';
comment on column core.paid_call.provider is 'Who is paid, such as google_vision.';
comment on column core.paid_call.feature is 'What for, such as landmark_detection.';
comment on column core.paid_call.subject_sha256 is 'What it was about: the photo, or the hash of the query.';
comment on column core.paid_call.attempt is 'First, second, ... try about the same subject.';
comment on column core.paid_call.city_id is 'The city that pays.';
comment on column core.paid_call.dag_id is 'The DAG that reserved it.';
comment on column core.paid_call.run_id is 'The run that reserved it.';
comment on column core.paid_call.state is 'reserved, then succeeded, failed (provably not processed) or unknown (counts as spent).';
comment on column core.paid_call.unit_count is 'Units as billed: images.';
comment on column core.paid_call.price_usd is 'Price in force when it was reserved, in US dollars.';
comment on column core.paid_call.answer is 'The answer whole; an empty one is an answer.';
comment on column core.paid_call.error is 'What went wrong, if something did.';
comment on column core.paid_call.reserved_at is 'When it was reserved.';
comment on column core.paid_call.settled_at is 'When its fate became known.';
comment on column core.paid_call.recorded_at is 'When the row became known.';
comment on column core.paid_call.is_taken_over is 'Paid by the first SightScan, at a price nobody knows: never paid again, counted against no cap.';
comment on column core.paid_call.changed_at is 'When the row last changed; the marts of its hour are made anew after it.';
comment on column core.paid_call.sent_at is 'Just before it was sent, committed; null in a call that was reserved: provably not sent.';
comment on column core.paid_call.resend_allowed_at is 'When a person allowed to send it again: it still counts, the next attempt counts in addition.';
comment on column core.paid_call.resend_allowed_by is 'Who allowed it.';
grant select, insert, update, delete on core.paid_call to sightscan_pipeline;
grant select on core.paid_call to sightscan_analyst;

create table core.rate_limit (
    bucket text primary key,
    capacity double precision not null,
    refill_per_second double precision not null,
    tokens double precision not null,
    refilled_at timestamptz not null default now(),
    constraint rate_limit_tokens_range check (tokens <= capacity),
    constraint rate_limit_refill_positive check (refill_per_second > 0)
);
comment on table core.rate_limit is 'Token buckets that all workers share.';
comment on column core.rate_limit.bucket is 'What is limited, such as google_vision.images.';
comment on column core.rate_limit.capacity is 'The most tokens it can hold.';
comment on column core.rate_limit.refill_per_second is 'Tokens that come back each second.';
comment on column core.rate_limit.tokens is 'Tokens at refilled_at; below zero: taken in advance.';
comment on column core.rate_limit.refilled_at is 'When tokens was last computed.';
grant select, insert, update, delete on core.rate_limit to sightscan_pipeline;
grant select on core.rate_limit to sightscan_analyst;

create table core.spend_estimate (
    dag_id text not null,
    run_id text not null,
    city_id text not null references core.city (city_id),
    photo_limit bigint not null,
    waiting_photos bigint not null,
    most_units bigint not null,
    probable_units bigint not null,
    free_units_left bigint not null,
    most_vision_usd numeric(12, 4) not null,
    probable_vision_usd numeric(12, 4) not null,
    most_places_usd numeric(12, 4) not null,
    most_gpu_usd numeric(12, 4) not null,
    probable_gpu_usd numeric(12, 4) not null,
    most_usd numeric(12, 4) not null,
    probable_usd numeric(12, 4) not null,
    refusal text,
    estimated_at timestamptz not null default now(),
    ended_at timestamptz,
    recorded_at timestamptz not null default now(),
    primary key (dag_id, run_id)
);
create index spend_estimate_by_city on core.spend_estimate (city_id, estimated_at);
comment on table core.spend_estimate is 'The bill before each run: what it may cost at most, and probably.';
comment on column core.spend_estimate.dag_id is 'The DAG.';
comment on column core.spend_estimate.run_id is 'The run.';
comment on column core.spend_estimate.city_id is 'The city that pays.';
comment on column core.spend_estimate.photo_limit is 'Photos that the run may find at most: sights times photos a sight.';
comment on column core.spend_estimate.waiting_photos is 'Photos that waited for labels before the run.';
comment on column core.spend_estimate.most_units is 'Images that may be paid for at most.';
comment on column core.spend_estimate.probable_units is 'Images that will probably be paid for.';
comment on column core.spend_estimate.free_units_left is 'Units of the month that were still free.';
comment on column core.spend_estimate.most_vision_usd is 'Most for images, in US dollars.';
comment on column core.spend_estimate.probable_vision_usd is 'Probably for images, in US dollars.';
comment on column core.spend_estimate.most_places_usd is 'Most for pages of Google Places, in US dollars.';
comment on column core.spend_estimate.most_gpu_usd is 'Most for the GPU, in US dollars: until the reaper stops it.';
comment on column core.spend_estimate.probable_gpu_usd is 'Probably for the GPU, in US dollars, if it trains.';
comment on column core.spend_estimate.most_usd is 'Most for all, in US dollars.';
comment on column core.spend_estimate.probable_usd is 'Probably for all, in US dollars.';
comment on column core.spend_estimate.refusal is 'Which budget it would have passed; such a run spends nothing.';
comment on column core.spend_estimate.estimated_at is 'When it was estimated.';
comment on column core.spend_estimate.ended_at is 'When the run ended: what it did not spend is free for others again.';
comment on column core.spend_estimate.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.spend_estimate to sightscan_pipeline;
grant select on core.spend_estimate to sightscan_analyst;
