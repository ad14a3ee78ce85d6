-- What is remembered of Wikidata's tree of classes: walking it is what its query service is slow at.
create table core.wikidata_class (
    class_id text primary key,
    root_ids text[] not null,
    asked_root_ids text[] not null,
    read_at timestamptz not null default now(),
    constraint wikidata_class_is_wikidata check (class_id ~ '^Q[1-9][0-9]*$'),
    constraint wikidata_class_roots_were_asked check (root_ids <@ asked_root_ids)
);
comment on table core.wikidata_class is
'Classes of Wikidata and the roots that decide what is a sight. Remembered, not ours: it may be emptied at any time.';
comment on column core.wikidata_class.class_id is 'Wikidata id of the class, such as Q12518 (tower).';
comment on column core.wikidata_class.root_ids is 'Of the roots asked about, those that the class is or lies below.';
comment on column core.wikidata_class.asked_root_ids is 'All roots that were asked about.';
comment on column core.wikidata_class.read_at is 'When Wikidata said so; after some months it is asked anew.';
grant select, insert, update, delete on core.wikidata_class to sightscan_pipeline;
grant select on core.wikidata_class to sightscan_analyst;
