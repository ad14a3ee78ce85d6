-- Who is told what is wrong, once: an incident is a row while it lasts, so that restarts, kills and two
-- workers at once tell of it once; a message is a row for each channel; a silence has an end.

create table core.incident (
    incident_id bigint generated always as identity primary key,
    kind text not null,
    subject text not null,
    sentence text not null,
    link text,
    message_key uuid not null default gen_random_uuid(),
    opened_at timestamptz not null default now(),
    seen_at timestamptz not null default now(),
    closed_at timestamptz,
    constraint incident_kind_is_a_word check (kind ~ '^[a-z][a-z0-9_]*$'),
    constraint incident_order check (seen_at >= opened_at and closed_at >= opened_at)
);
create unique index incident_open on core.incident (kind, subject) where closed_at is null;
create index incident_by_time on core.incident (opened_at);
comment on table core.incident is 'What is or was wrong, from when it was first seen until it was gone.';
comment on column core.incident.incident_id is 'Surrogate id.';
comment on column core.incident.kind is 'What is wrong: one of those of docs/runbooks/alerts.md.';
comment on column core.incident.subject is 'With what: a DAG, an instance, a budget, a check. At a time, one of a kind and subject is open.';
comment on column core.incident.sentence is 'What was seen last, in a sentence.';
comment on column core.incident.link is 'Where to look, if there is an address.';
comment on column core.incident.message_key is 'Makes the Message-ID of its mails, so that one that comes twice is known.';
comment on column core.incident.opened_at is 'When it was seen first.';
comment on column core.incident.seen_at is 'When it was seen last.';
comment on column core.incident.closed_at is 'When it was found gone; null: it is open.';
grant select, insert, update, delete on core.incident to sightscan_pipeline;
grant select on core.incident to sightscan_analyst;

create table core.incident_message (
    incident_id bigint not null references core.incident (incident_id) on delete cascade,
    channel text not null,
    attempt_count integer not null default 0,
    tried_at timestamptz,
    told_at timestamptz,
    error text,
    primary key (incident_id, channel),
    constraint incident_message_channel_known check (channel in ('log', 'mail', 'webhook'))
);
comment on table core.incident_message is 'By which channel an incident was told, or is to be. Its row is locked while it is sent.';
comment on column core.incident_message.incident_id is 'The incident.';
comment on column core.incident_message.channel is 'log, mail or webhook.';
comment on column core.incident_message.attempt_count is 'How often sending failed.';
comment on column core.incident_message.tried_at is 'When sending failed last.';
comment on column core.incident_message.told_at is 'When the channel took it; null: it has not yet.';
comment on column core.incident_message.error is 'Why sending failed last, without secrets.';
grant select, insert, update, delete on core.incident_message to sightscan_pipeline;
grant select on core.incident_message to sightscan_analyst;

create table core.incident_silence (
    silence_id bigint generated always as identity primary key,
    kind text,
    subject text,
    reason text not null,
    set_by text not null,
    set_at timestamptz not null default now(),
    ends_at timestamptz not null,
    constraint incident_silence_has_reason check (btrim(reason) <> ''),
    constraint incident_silence_is_short check (ends_at <= set_at + interval '92 days')
);
create index incident_silence_by_end on core.incident_silence (ends_at);
comment on table core.incident_silence is 'Of what nobody is told until when, and why.';
comment on column core.incident_silence.silence_id is 'Surrogate id.';
comment on column core.incident_silence.kind is 'The kind of incidents; null: all kinds.';
comment on column core.incident_silence.subject is 'Their subject; null: all subjects.';
comment on column core.incident_silence.reason is 'Why, in the words of who set it.';
comment on column core.incident_silence.set_by is 'Who set it.';
comment on column core.incident_silence.set_at is 'When it was set.';
comment on column core.incident_silence.ends_at is 'When it ends by itself, three months later at most; what is open then is told.';
grant select, insert, update, delete on core.incident_silence to sightscan_pipeline;
grant select on core.incident_silence to sightscan_analyst;

create view core.silenced_incident as
select
    incident.incident_id,
    max(incident_silence.ends_at) as ends_at
from core.incident
inner join core.incident_silence
    on
        coalesce(incident_silence.kind, incident.kind) = incident.kind
        and coalesce(incident_silence.subject, incident.subject) = incident.subject
where incident_silence.ends_at > now()
group by incident.incident_id;
comment on view core.silenced_incident is 'Incidents of which nobody is told now.';
comment on column core.silenced_incident.incident_id is 'The incident.';
comment on column core.silenced_incident.ends_at is 'When the last of its silences ends.';
grant select on core.silenced_incident to sightscan_pipeline, sightscan_analyst;

create table core.backup (
    backup_id bigint generated always as identity primary key,
    file_name text not null,
    byte_count bigint not null,
    finished_at timestamptz not null default now()
);
create index backup_by_time on core.backup (finished_at);
comment on table core.backup is 'Each backup that was written whole, so that a missing one is noticed.';
comment on column core.backup.backup_id is 'Surrogate id.';
comment on column core.backup.file_name is 'Name of its file, without the folder.';
comment on column core.backup.byte_count is 'Size of the file.';
comment on column core.backup.finished_at is 'When it was whole.';
grant select, insert, update, delete on core.backup to sightscan_pipeline;
grant select on core.backup to sightscan_analyst;
