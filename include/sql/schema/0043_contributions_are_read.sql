-- Photos that people share come to review: a label without a box, which a person draws. Whoever shared one
-- takes it back by a code, of which the warehouse has a hash.

alter table load.contribution add column code_sha256 bytea;
alter table load.contribution add column author text;
-- At once valid: null in each row that is there.
-- squawk-ignore constraint-missing-not-valid
alter table load.contribution add constraint contribution_code_length
check (octet_length(code_sha256) = 32);
-- squawk-ignore constraint-missing-not-valid
alter table load.contribution add constraint contribution_author_length
check (char_length(author) <= 100);
comment on column load.contribution.bytes is 'The photo as it was shown to the person: without metadata, faces and plates blurred.';
comment on column load.contribution.code_sha256 is 'SHA-256 of the code that takes it back.';
comment on column load.contribution.author is 'Whom to name, if the person wants to be.';
comment on column load.withdrawal.sha256 is 'The photo; or SHA-256 of the code that its contributor was given.';

create table core.contribution (
    contribution_id uuid primary key,
    sha256 bytea not null,
    code_sha256 bytea,
    city_id text,
    sight_id bigint,
    licence text not null,
    refusal text,
    contributed_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    withdrawn_at timestamptz,
    constraint contribution_sha256_length check (octet_length(sha256) = 32)
);
create index contribution_by_code on core.contribution (code_sha256);
create index contribution_by_photo on core.contribution (sha256);
comment on table core.contribution is 'What became of photos that people shared; their bytes are with those of the others, or gone.';
comment on column core.contribution.contribution_id is 'Made by the app.';
comment on column core.contribution.sha256 is 'The photo, which may have been taken back since.';
comment on column core.contribution.code_sha256 is 'SHA-256 of the code that takes it back.';
comment on column core.contribution.city_id is 'The city that was chosen, as it was sent.';
comment on column core.contribution.sight_id is 'The sight that was said to be on it, as it was sent.';
comment on column core.contribution.licence is 'What the person agreed to.';
comment on column core.contribution.refusal is 'Why it was not taken in, in a word; null: it was.';
comment on column core.contribution.contributed_at is 'When it was shared.';
comment on column core.contribution.recorded_at is 'When the row became known.';
comment on column core.contribution.withdrawn_at is 'When it was taken back.';
grant select, insert, update, delete on core.contribution to sightscan_pipeline;
grant select on core.contribution to sightscan_analyst;

-- Nobody reads it but by way of a call.
-- squawk-ignore ban-drop-not-null
alter table core.label alter column call_id drop not null;
comment on column core.label.call_id is 'The paid call that gave it; null: a person shared the photo.';

alter table core.label_review add column x1 real;
alter table core.label_review add column y1 real;
alter table core.label_review add column x2 real;
alter table core.label_review add column y2 real;
-- At once valid: what people decided are some thousand rows, read in a moment, and null in each.
-- squawk-ignore constraint-missing-not-valid
alter table core.label_review add constraint label_review_box_is_whole check (
    num_nonnulls(x1, y1, x2, y2) = 0
    or (
        num_nonnulls(x1, y1, x2, y2) = 4
        and decision in ('accept', 'rename')
        and x1 >= 0 and y1 >= 0 and x2 <= 1 and y2 <= 1 and x1 < x2 and y1 < y2
    )
);
comment on column core.label_review.x1 is 'Left edge of the box as the person drew it, share of the width; null: as it was.';
comment on column core.label_review.y1 is 'Upper edge, share of the height, from the top.';
comment on column core.label_review.x2 is 'Right edge, share of the width.';
comment on column core.label_review.y2 is 'Lower edge, share of the height, from the top.';
