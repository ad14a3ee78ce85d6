-- What visitors are told about a sight besides its name, as Wikidata has it (CC0), and what cities are
-- called in other languages. A table of its own: discovery renews it, and nothing else needs it.
create table core.sight_facts (
    sight_id bigint primary key references core.sight (sight_id),
    descriptions jsonb not null default '{}',
    articles jsonb not null default '{}',
    since_year integer,
    since_precision text,
    height_meters double precision,
    view_meters double precision not null,
    image_identifier text,
    read_at timestamptz not null default now(),
    constraint sight_facts_since_whole check ((since_year is null) = (since_precision is null)),
    constraint sight_facts_precision_known check (since_precision in ('year', 'decade', 'century')),
    constraint sight_facts_height_positive check (height_meters > 0),
    constraint sight_facts_view_range check (view_meters between 50 and 100000),
    constraint sight_facts_are_short check (
        pg_column_size(descriptions) <= 100000 and pg_column_size(articles) <= 100000
    )
);
comment on table core.sight_facts is 'What visitors are told about a sight, as Wikidata has it (CC0).';
comment on column core.sight_facts.sight_id is 'The sight.';
comment on column core.sight_facts.descriptions is 'What it is, by language code.';
comment on column core.sight_facts.articles is 'Address of the article on Wikipedia, by language code.';
comment on column core.sight_facts.since_year is
'When it was founded, built or opened (P571): a year in which 0 is the year before 1; null: not known.';
comment on column core.sight_facts.since_precision is 'How exactly that is known: year, decade or century; null: not known.';
comment on column core.sight_facts.height_meters is 'Height (P2048); null: not known.';
comment on column core.sight_facts.view_meters is
'From how far it can be recognised, by its kind and height: what stands farther away is not named.';
comment on column core.sight_facts.image_identifier is
'Its image (P18) as in core.photo_identifier: shown if the crawl has it, since its credit is known then.';
comment on column core.sight_facts.read_at is 'When Wikidata said so.';
grant select, insert, update, delete on core.sight_facts to sightscan_pipeline;
grant select on core.sight_facts to sightscan_analyst;

alter table core.city add column names jsonb not null default '{}';
comment on column core.city.names is 'Names by language code, as Wikidata has them; none before the first discovery since.';
