-- What the app's page of models shows that no view can count: pictures of test photos, and the card.

create table core.model_example (
    city_id text not null,
    model_version integer not null,
    sha256 bytea not null references core.photo (sha256),
    is_right boolean not null,
    place smallint not null,
    there jsonb not null,
    shown jsonb not null,
    thumbnail bytea not null,
    recorded_at timestamptz not null default now(),
    primary key (city_id, model_version, sha256),
    foreign key (city_id, model_version) references core.model (city_id, model_version),
    constraint model_example_thumbnail_size check (octet_length(thumbnail) between 1 and 100000),
    constraint model_example_boxes_are_lists check (
        jsonb_typeof(there) = 'array' and jsonb_typeof(shown) = 'array'
    )
);
create index model_example_by_photo on core.model_example (sha256);
-- JPEGs do not compress: trying costs time and gains nothing.
alter table core.model_example alter column thumbnail set storage external;
comment on table core.model_example is
'Test photos that say most about a judged model: its best and worst, of those whose licence lets anybody show them.';
comment on column core.model_example.city_id is 'The city.';
comment on column core.model_example.model_version is 'The model.';
comment on column core.model_example.sha256 is 'The photo; it goes when the photo is taken down.';
comment on column core.model_example.is_right is 'Whether it is among the best; else among the worst.';
comment on column core.model_example.place is 'Its place among them, from 1.';
comment on column core.model_example.there is 'What is there: [name, x1, y1, x2, y2], edges as shares of width and height.';
comment on column core.model_example.shown is 'What is shown: [name, confidence, is right, x1, y1, x2, y2], surest first.';
comment on column core.model_example.thumbnail is 'The photo as a small JPEG without metadata.';
comment on column core.model_example.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.model_example to sightscan_pipeline;
grant select on core.model_example to sightscan_analyst;

create table core.model_card (
    city_id text not null,
    model_version integer not null,
    markdown text not null,
    confusions jsonb not null,
    recorded_at timestamptz not null default now(),
    primary key (city_id, model_version),
    foreign key (city_id, model_version) references core.model (city_id, model_version),
    constraint model_card_is_bounded check (char_length(markdown) <= 200000)
);
comment on table core.model_card is 'The card of a judged model as the app shows it: without the logins of people.';
comment on column core.model_card.city_id is 'The city.';
comment on column core.model_card.model_version is 'The model.';
comment on column core.model_card.markdown is 'The card, in Markdown.';
comment on column core.model_card.confusions is
'How often what is there (rows) is shown as what (columns): a row for each class in its order, the last for nothing.';
comment on column core.model_card.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.model_card to sightscan_pipeline;
grant select on core.model_card to sightscan_analyst;
