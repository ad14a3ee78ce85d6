-- The bill before each run.

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
