-- Cities, sights, and what people ask for. Natural keys wherever nature gives one.

create table core.city (
    city_id text primary key,
    slug text not null unique,
    name text not null,
    country text not null,
    latitude double precision not null,
    longitude double precision not null,
    radius_meters integer not null,
    state text not null default 'active',
    overrides jsonb not null default '{}',
    recorded_at timestamptz not null default now(),
    min_image_number_per_label integer,
    constraint city_id_is_wikidata check (city_id ~ '^Q[1-9][0-9]*$'),
    constraint city_slug_is_ascii check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    constraint city_latitude_range check (latitude between -90 and 90),
    constraint city_longitude_range check (longitude between -180 and 180),
    constraint city_radius_range check (radius_meters between 100 and 200000),
    constraint city_state_known check (state in ('active', 'disabled')),
    constraint city_named check (btrim(name) <> '' and btrim(country) <> '')
);
comment on table core.city is 'The registry of cities. A retired city is disabled, never dropped.';
comment on column core.city.city_id is 'Wikidata id of the city, such as Q64.';
comment on column core.city.slug is 'ASCII name in DAG ids and folders; the Wikidata id is appended on a collision.';
comment on column core.city.name is 'Name as people write it, in English where Wikidata has it.';
comment on column core.city.country is 'English name of the country.';
comment on column core.city.latitude is 'Degrees north (WGS 84).';
comment on column core.city.longitude is 'Degrees east (WGS 84).';
comment on column core.city.radius_meters is 'A sight belongs to the city within this distance of its coordinates.';
comment on column core.city.state is 'active: has a DAG that runs; disabled: kept, not run.';
comment on column core.city.overrides is 'Caps and thresholds of this city that differ from the settings, by setting name.';
comment on column core.city.recorded_at is 'When the row became known.';
comment on column core.city.min_image_number_per_label is 'MIN_IMAGE_NUMBER_PER_LABEL as in force at the last run of the city; null before its first.';
grant select, insert, update, delete on core.city to sightscan_pipeline;
grant select on core.city to sightscan_analyst;

create table load.city_request (
    request_id uuid not null,
    asked_name text not null,
    asked_by text not null,
    asked_at timestamptz not null default now(),
    constraint city_request_name_length check (char_length(asked_name) between 1 and 200)
);
comment on table load.city_request is 'Inbox: cities that people ask for in the app.';
comment on column load.city_request.request_id is 'Made by the asker.';
comment on column load.city_request.asked_name is 'The name as it was typed.';
comment on column load.city_request.asked_by is 'Anonymous id of the asker; one vote each.';
comment on column load.city_request.asked_at is 'When.';
grant select, insert, update, delete on load.city_request to sightscan_pipeline;
grant insert on load.city_request to sightscan_app;

create table core.city_request (
    request_id uuid primary key,
    asked_name text not null,
    city_id text references core.city (city_id),
    stage text not null default 'received',
    detail text,
    vote_count integer not null default 1,
    asked_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    constraint city_request_stage_known check (stage in ('received', 'resolved', 'refused', 'merged')),
    constraint city_request_votes_positive check (vote_count >= 1),
    constraint city_request_named check (btrim(asked_name) <> '')
);
comment on table core.city_request is 'Cities that people asked for, as asked and as resolved.';
comment on column core.city_request.request_id is 'Made by the asker, so that asking twice is asking once.';
comment on column core.city_request.asked_name is 'The name as it was typed.';
comment on column core.city_request.city_id is 'The city it was resolved to, if any.';
comment on column core.city_request.stage is 'received, resolved, refused (see detail) or merged into an earlier request.';
comment on column core.city_request.detail is 'Why it was refused, in a sentence for the asker.';
comment on column core.city_request.vote_count is 'How many people asked; one vote a person.';
comment on column core.city_request.asked_at is 'When it was asked for.';
comment on column core.city_request.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.city_request to sightscan_pipeline;
grant select on core.city_request to sightscan_analyst;

create table core.sight (
    sight_id bigint generated always as identity primary key,
    city_id text not null references core.city (city_id),
    wikidata_id text,
    name text not null,
    normalised_name text not null,
    names jsonb not null default '{}',
    aliases text[] not null default '{}',
    latitude double precision,
    longitude double precision,
    commons_category text,
    freebase_id text,
    knowledge_graph_id text,
    place_id text,
    rank integer not null,
    sitelink_count integer not null default 0,
    recorded_at timestamptz not null default now(),
    state text not null default 'active',
    merged_into bigint references core.sight (sight_id),
    constraint sight_wikidata_id_shape check (wikidata_id ~ '^Q[1-9][0-9]*$'),
    constraint sight_freebase_id_shape check (freebase_id ~ '^/m/[0-9a-z_]+$'),
    constraint sight_knowledge_graph_id_shape check (knowledge_graph_id ~ '^/g/[0-9a-z_]+$'),
    constraint sight_coordinates_whole check ((latitude is null) = (longitude is null)),
    constraint sight_latitude_range check (latitude between -90 and 90),
    constraint sight_longitude_range check (longitude between -180 and 180),
    constraint sight_rank_positive check (rank >= 1),
    constraint sight_named check (btrim(name) <> '' and normalised_name <> ''),
    constraint sight_state_known check (state in ('active', 'unsorted', 'retired', 'merged', 'dropped')),
    constraint sight_merged_into_another check ((state = 'merged') = (merged_into is not null)),
    constraint sight_not_merged_into_itself check (merged_into <> sight_id)
);
create unique index sight_by_wikidata_id on core.sight (city_id, wikidata_id) where wikidata_id is not null;
create unique index sight_by_name on core.sight (city_id, normalised_name) where wikidata_id is null;
create index sight_by_city on core.sight (city_id);
create index sight_by_survivor on core.sight (merged_into) where merged_into is not null;
comment on table core.sight is 'One building, bridge, monument or square of a city: a class of its detector.';
comment on column core.sight.sight_id is 'Surrogate id.';
comment on column core.sight.city_id is 'The city it stands in.';
comment on column core.sight.wikidata_id is 'Wikidata id, its identity where there is one.';
comment on column core.sight.name is 'Name on screen and class name of the model.';
comment on column core.sight.normalised_name is 'Lower case, no accents or punctuation: the identity where there is no Wikidata id.';
comment on column core.sight.names is 'Names by language code.';
comment on column core.sight.aliases is 'Other names in any language, as written.';
comment on column core.sight.latitude is 'Degrees north (WGS 84).';
comment on column core.sight.longitude is 'Degrees east (WGS 84).';
comment on column core.sight.commons_category is 'Category of Wikimedia Commons (P373), without the prefix.';
comment on column core.sight.freebase_id is 'Freebase id (P646), one form of the mid that Google Vision answers.';
comment on column core.sight.knowledge_graph_id is 'Google Knowledge Graph id (P2671), the other form of the mid.';
comment on column core.sight.place_id is 'Google place id; the only thing of Places that may be stored.';
comment on column core.sight.rank is 'Place in the order of fame, 1 first.';
comment on column core.sight.sitelink_count is 'Wikipedia and sister pages about it: the measure behind rank.';
comment on column core.sight.recorded_at is 'When the row became known.';
comment on column core.sight.state is
'active: crawled; retired: known and recognised, crawled no more; merged: see merged_into; '
'dropped: no sight, says a person; unsorted: holds photos of which no sight is known.';
comment on column core.sight.merged_into is 'The sight that this one turned out to be; its photos and labels went there.';
grant select, insert, update, delete on core.sight to sightscan_pipeline;
grant select on core.sight to sightscan_analyst;
