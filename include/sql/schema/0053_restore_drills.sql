-- A backup is one when it was restored: each trial is noted, so that one that fails is told.

create table core.restore_drill (
    drill_id bigint generated always as identity primary key,
    file_name text not null,
    started_at timestamptz not null,
    finished_at timestamptz not null default now(),
    row_count bigint,
    problem text,
    constraint restore_drill_order check (finished_at >= started_at),
    constraint restore_drill_has_one_end check ((row_count is null) = (problem is not null)),
    constraint restore_drill_says_what_is_wrong check (btrim(problem) <> '')
);
create index restore_drill_by_time on core.restore_drill (finished_at);
comment on table core.restore_drill is 'Each trial of a backup: restored into a database beside the warehouse, checked, and dropped.';
comment on column core.restore_drill.drill_id is 'Surrogate id.';
comment on column core.restore_drill.file_name is 'Name of the file of the backup, without the folder.';
comment on column core.restore_drill.started_at is 'When it began.';
comment on column core.restore_drill.finished_at is 'When it had passed or failed.';
comment on column core.restore_drill.row_count is 'Rows of all tables that came back, as the manifest says; null: it failed.';
comment on column core.restore_drill.problem is 'Why it failed, in a sentence; null: it passed.';
grant select, insert, update, delete on core.restore_drill to sightscan_pipeline;
grant select on core.restore_drill to sightscan_analyst;
