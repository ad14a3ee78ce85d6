-- What people report has the photo that they saw it on, the box and the name, so that staff can see
-- what was wrong. The checks are not valid: 0039 looks at the rows that wait there already.
alter table load.report
add column kind text not null default 'wrong',
add column class_name text,
add column x1 double precision,
add column y1 double precision,
add column x2 double precision,
add column y2 double precision,
add column photo bytea;
alter table load.report alter column photo set storage external;
alter table load.report
add constraint report_kind_known check (kind in ('wrong', 'missing')) not valid,
add constraint report_class_name_length check (char_length(class_name) <= 200) not valid,
add constraint report_box_range check (
    (num_nulls(x1, y1, x2, y2) in (0, 4))
    and least(x1, y1, x2, y2) >= 0
    and greatest(x1, y1, x2, y2) <= 1
) not valid,
add constraint report_photo_size check (octet_length(photo) between 1 and 1000000) not valid;
comment on table load.report is 'Inbox: wrong answers that people report; a person of the staff decides about each.';
comment on column load.report.kind is 'wrong: a name that is not what is there; missing: a sight that got no name.';
comment on column load.report.class_name is 'The name that was shown; null: none.';
comment on column load.report.x1 is 'Left edge of its box, share of the width; null: none.';
comment on column load.report.y1 is 'Upper edge, share of the height, from the top.';
comment on column load.report.x2 is 'Right edge, share of the width.';
comment on column load.report.y2 is 'Lower edge, share of the height, from the top.';
comment on column load.report.photo is
'What the person sent, as JPEG without metadata; deleted with the row when somebody has decided.';

create table core.report (
    report_id uuid primary key,
    city_id text not null,
    model_version integer,
    kind text not null,
    class_name text,
    message text not null,
    decision text not null,
    decided_by text not null,
    reported_at timestamptz not null,
    decided_at timestamptz not null default now(),
    constraint report_kind_known check (kind in ('wrong', 'missing')),
    constraint report_decision_known check (decision in ('confirmed', 'rejected'))
);
comment on table core.report is 'Reports that somebody has decided about; their photos are gone.';
comment on column core.report.report_id is 'Made by the app.';
comment on column core.report.city_id is 'The city that was chosen.';
comment on column core.report.model_version is 'The model that answered.';
comment on column core.report.kind is 'wrong: a name that is not what is there; missing: a sight that got no name.';
comment on column core.report.class_name is 'The name that was shown; null: none.';
comment on column core.report.message is 'What was wrong.';
comment on column core.report.decision is 'confirmed: the model was wrong; rejected: it was right, or nobody can tell.';
comment on column core.report.decided_by is 'The login in Airflow.';
comment on column core.report.reported_at is 'When it was reported.';
comment on column core.report.decided_at is 'When it was decided.';
grant select, insert, update, delete on core.report to sightscan_pipeline;
grant select on core.report to sightscan_analyst;
