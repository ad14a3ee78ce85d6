-- As received. Staging tables are filled by COPY and emptied by one merge in the same
-- transaction; the inbox is insert-only for the app's role, under ids that the app makes.

create unlogged table load.photo (
    batch_id uuid not null,
    sha256 bytea not null,
    bytes bytea not null,
    width_pixels integer not null,
    height_pixels integer not null,
    media_type text not null,
    perceptual_hash bytea not null,
    sight_id bigint not null,
    url text not null,
    page_url text,
    source text not null,
    licence text not null,
    licence_url text,
    author text,
    title text,
    query text not null,
    found_at timestamptz not null
);
alter table load.photo alter column bytes set storage external;
comment on table load.photo is 'Photos of one batch of a crawl, on their way to core.';
comment on column load.photo.batch_id is 'The batch; a merge takes one whole.';
comment on column load.photo.sha256 is 'SHA-256 of the bytes.';
comment on column load.photo.bytes is 'The photo.';
comment on column load.photo.width_pixels is 'Width, upright.';
comment on column load.photo.height_pixels is 'Height, upright.';
comment on column load.photo.media_type is 'What the bytes are, sniffed.';
comment on column load.photo.perceptual_hash is '256-bit perceptual hash.';
comment on column load.photo.sight_id is 'The sight that was searched for.';
comment on column load.photo.url is 'Where the bytes came from.';
comment on column load.photo.page_url is 'The page that describes the photo.';
comment on column load.photo.source is 'The catalogue it was found in.';
comment on column load.photo.licence is 'Short name of the licence.';
comment on column load.photo.licence_url is 'Text of the licence.';
comment on column load.photo.author is 'Who made it.';
comment on column load.photo.title is 'Title in the catalogue.';
comment on column load.photo.query is 'The search term or category that led to it.';
comment on column load.photo.found_at is 'When it was fetched.';

create unlogged table load.rejected_photo (
    batch_id uuid not null,
    sight_id bigint not null,
    url text not null,
    source text not null,
    reason text not null,
    detail text
);
comment on table load.rejected_photo is 'Rejections of one batch of a crawl, on their way to core.';
comment on column load.rejected_photo.batch_id is 'The batch.';
comment on column load.rejected_photo.sight_id is 'The sight that was searched for.';
comment on column load.rejected_photo.url is 'Where it was found.';
comment on column load.rejected_photo.source is 'The catalogue it was found in.';
comment on column load.rejected_photo.reason is 'One word.';
comment on column load.rejected_photo.detail is 'What exactly was seen.';

create unlogged table load.label (
    batch_id uuid not null,
    call_id bigint not null,
    annotation_number smallint not null,
    city_id text not null,
    sha256 bytea not null,
    sight_id bigint,
    description text not null,
    mid text,
    score real not null,
    x1 real not null,
    y1 real not null,
    x2 real not null,
    y2 real not null,
    latitude double precision,
    longitude double precision,
    state text not null,
    reason text
);
comment on table load.label is 'Labels of one batch of answers, on their way to core.';
comment on column load.label.batch_id is 'The batch.';
comment on column load.label.call_id is 'The paid call.';
comment on column load.label.annotation_number is 'Its number in the answer, from 0.';
comment on column load.label.city_id is 'The city it was read for.';
comment on column load.label.sha256 is 'The photo.';
comment on column load.label.sight_id is 'The sight it was matched to.';
comment on column load.label.description is 'Name as the provider gave it.';
comment on column load.label.mid is 'Knowledge Graph id as the provider gave it.';
comment on column load.label.score is 'Confidence of the provider, 0 to 1.';
comment on column load.label.x1 is 'Left edge, share of the width.';
comment on column load.label.y1 is 'Upper edge, share of the height.';
comment on column load.label.x2 is 'Right edge, share of the width.';
comment on column load.label.y2 is 'Lower edge, share of the height.';
comment on column load.label.latitude is 'Degrees north.';
comment on column load.label.longitude is 'Degrees east.';
comment on column load.label.state is 'accepted, held_back or unmatched.';
comment on column load.label.reason is 'Why it is not accepted.';

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

create table load.contribution (
    contribution_id uuid not null,
    city_id text not null,
    sight_id bigint,
    bytes bytea not null,
    licence text not null,
    contributed_by text not null,
    contributed_at timestamptz not null default now(),
    constraint contribution_size check (octet_length(bytes) between 1 and 20000000)
);
alter table load.contribution alter column bytes set storage external;
comment on table load.contribution is 'Inbox: photos that people share to help improve.';
comment on column load.contribution.contribution_id is 'Made by the app.';
comment on column load.contribution.city_id is 'The city that was chosen.';
comment on column load.contribution.sight_id is 'The sight, if it was said.';
comment on column load.contribution.bytes is 'The photo as uploaded.';
comment on column load.contribution.licence is 'What the person agreed to.';
comment on column load.contribution.contributed_by is 'Anonymous id.';
comment on column load.contribution.contributed_at is 'When.';

create table load.report (
    report_id uuid not null,
    city_id text not null,
    model_version integer,
    message text not null,
    reported_at timestamptz not null default now(),
    constraint report_message_length check (char_length(message) between 1 and 2000)
);
comment on table load.report is 'Inbox: wrong answers that people report.';
comment on column load.report.report_id is 'Made by the app.';
comment on column load.report.city_id is 'The city that was chosen.';
comment on column load.report.model_version is 'The model that answered.';
comment on column load.report.message is 'What was wrong.';
comment on column load.report.reported_at is 'When.';

create table load.review (
    review_id uuid not null,
    label_id bigint not null,
    decision text not null,
    sight_id bigint,
    reviewed_by text not null,
    reason text,
    reviewed_at timestamptz not null default now()
);
comment on table load.review is 'Inbox: decisions about labels made in the app.';
comment on column load.review.review_id is 'Made by the app.';
comment on column load.review.label_id is 'The label.';
comment on column load.review.decision is 'accept, reject or rename.';
comment on column load.review.sight_id is 'The sight it was renamed to.';
comment on column load.review.reviewed_by is 'Who.';
comment on column load.review.reason is 'Why.';
comment on column load.review.reviewed_at is 'When.';

create table load.withdrawal (
    withdrawal_id uuid not null,
    sha256 bytea not null,
    reason text not null,
    withdrawn_at timestamptz not null default now(),
    constraint withdrawal_sha256_length check (octet_length(sha256) = 32)
);
comment on table load.withdrawal is 'Inbox: people who take back what they contributed.';
comment on column load.withdrawal.withdrawal_id is 'Made by the app.';
comment on column load.withdrawal.sha256 is 'The photo.';
comment on column load.withdrawal.reason is 'Why.';
comment on column load.withdrawal.withdrawn_at is 'When.';

grant select, insert, update, delete on all tables in schema load to sightscan_pipeline;
grant insert on load.city_request, load.contribution, load.report, load.review, load.withdrawal
to sightscan_app;
