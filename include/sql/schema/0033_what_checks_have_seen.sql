-- Data checks look at what changed since they looked last, and at everything once a day: so they
-- remember until when they have looked, and what they found bad.
create table core.check_progress (
    check_name text primary key,
    text_sha256 bytea not null,
    seen_until timestamptz not null,
    seen_whole_at timestamptz,
    constraint check_progress_hash_length check (octet_length(text_sha256) = 32)
);
comment on table core.check_progress is 'How far each data check has looked, over all cities.';
comment on column core.check_progress.check_name is 'File name of the check, without its ending.';
comment on column core.check_progress.text_sha256 is 'SHA-256 of its text: another one looks at everything.';
comment on column core.check_progress.seen_until is 'When it began to look last: what was committed before, it has seen.';
comment on column core.check_progress.seen_whole_at is
'When it began to look at everything last; null: the next time it does.';
grant select, insert, update, delete on core.check_progress to sightscan_pipeline;
grant select on core.check_progress to sightscan_analyst;

create table core.check_offence (
    check_name text not null,
    key text not null,
    found_at timestamptz not null default now(),
    primary key (check_name, key)
);
comment on table core.check_offence is 'What a data check found bad and has not found right since: it is looked at each time.';
comment on column core.check_offence.check_name is 'The check.';
comment on column core.check_offence.key is 'The photo, city, hour, dataset or run, as the scope of the check says.';
comment on column core.check_offence.found_at is 'When it was found first.';
grant select, insert, update, delete on core.check_offence to sightscan_pipeline;
grant select on core.check_offence to sightscan_analyst;

alter table core.check_result add column asked_count bigint;
comment on column core.check_result.asked_count is
'How many photos, cities, hours, datasets or runs were looked at; null: all.';
