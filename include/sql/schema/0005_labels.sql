-- What was seen on photos, and what people decided about it.

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
grant select, insert, update, delete on load.label to sightscan_pipeline;

create table core.label (
    label_id bigint generated always as identity primary key,
    call_id bigint not null references core.paid_call (call_id),
    annotation_number smallint not null,
    city_id text not null references core.city (city_id),
    sha256 bytea not null references core.photo (sha256),
    sight_id bigint references core.sight (sight_id),
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
    reason text,
    recorded_at timestamptz not null default now(),
    changed_at timestamptz not null default now(),
    unique (call_id, annotation_number, city_id),
    constraint label_state_known check (state in ('accepted', 'held_back', 'unmatched')),
    constraint label_accepted_has_sight check (state <> 'accepted' or sight_id is not null),
    constraint label_reason_given check (state = 'accepted' or reason is not null),
    constraint label_box_inside check (x1 >= 0 and y1 >= 0 and x2 <= 1 and y2 <= 1 and x1 <= x2 and y1 <= y2),
    constraint label_box_not_empty check (state <> 'accepted' or (x1 < x2 and y1 < y2)),
    constraint label_score_range check (score between 0 and 1),
    constraint label_place_range check (
        (latitude is null) = (longitude is null)
        and latitude between -90 and 90
        and longitude between -180 and 180
    ),
    constraint label_annotation_not_negative check (annotation_number >= 0)
);
create index label_by_photo on core.label (sha256);
create index label_by_sight on core.label (sight_id, state);
create index label_by_time on core.label (recorded_at);
-- The refresh of the facts asks which labels were read anew.
create index label_by_change on core.label (changed_at);
-- The marts of one city read its labels in the order of their photos.
create index label_by_city on core.label (city_id, sha256) include (state);
comment on table core.label is 'One landmark that was seen on one photo, as a box of a sight or as something else.';
comment on column core.label.label_id is 'Surrogate id.';
comment on column core.label.call_id is 'The paid call that gave it.';
comment on column core.label.annotation_number is 'Its number in the answer, from 0.';
comment on column core.label.city_id is 'The city it was read for.';
comment on column core.label.sha256 is 'The photo.';
comment on column core.label.sight_id is 'The sight it was matched to, if any.';
comment on column core.label.description is 'Name as the provider gave it.';
comment on column core.label.mid is 'Knowledge Graph id as the provider gave it.';
comment on column core.label.score is 'Confidence of the provider, 0 to 1.';
comment on column core.label.x1 is 'Left edge, share of the width.';
comment on column core.label.y1 is 'Upper edge, share of the height, from the top.';
comment on column core.label.x2 is 'Right edge, share of the width.';
comment on column core.label.y2 is 'Lower edge, share of the height, from the top.';
comment on column core.label.latitude is 'Where the provider places the landmark, degrees north.';
comment on column core.label.longitude is 'Where the provider places the landmark, degrees east.';
comment on column core.label.state is 'accepted: trains; held_back: see reason; unmatched: no sight of this city.';
comment on column core.label.reason is 'Why it is not accepted.';
comment on column core.label.recorded_at is 'When the row became known.';
comment on column core.label.changed_at is 'When the row last changed; the marts of its hour are made anew after it.';
grant select, insert, update, delete on core.label to sightscan_pipeline;
grant select on core.label to sightscan_analyst;

create table core.label_review (
    review_id uuid primary key,
    label_id bigint not null references core.label (label_id),
    decision text not null,
    sight_id bigint references core.sight (sight_id),
    reviewed_by text not null,
    reason text,
    reviewed_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    constraint label_review_decision_known check (decision in ('accept', 'reject', 'rename', 'withdraw')),
    -- What was accepted as one sight stays that sight, should the answer be read otherwise one day.
    constraint label_review_sight_fits check (
        (decision <> 'rename' or sight_id is not null)
        and (decision in ('accept', 'rename') or sight_id is null)
    )
);
create index label_review_by_time on core.label_review (recorded_at);
-- The last review of a label is its first entry here: no sort for each label.
create index label_review_last on core.label_review (label_id, recorded_at desc, review_id desc)
include (decision, sight_id);
comment on table core.label_review is 'What people decided about labels; the last decision counts.';
comment on column core.label_review.review_id is 'Made by the reviewer''s page.';
comment on column core.label_review.label_id is 'The label.';
comment on column core.label_review.decision is
'accept, reject or rename; withdraw takes back what was decided before.';
comment on column core.label_review.sight_id is
'The sight that it was renamed to, or accepted as (null: as it was read, whatever that is).';
comment on column core.label_review.reviewed_by is 'Who.';
comment on column core.label_review.reason is 'Why, if it was said.';
comment on column core.label_review.reviewed_at is 'When.';
comment on column core.label_review.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.label_review to sightscan_pipeline;
grant select on core.label_review to sightscan_analyst;

create table core.label_claim (
    label_id bigint primary key references core.label (label_id),
    claimed_by text not null,
    claimed_until timestamptz not null
);
comment on table core.label_claim is 'Labels that lie before a reviewer, so that no other one gets them meanwhile.';
comment on column core.label_claim.label_id is 'The label.';
comment on column core.label_claim.claimed_by is 'The reviewer.';
comment on column core.label_claim.claimed_until is 'When others may get it again.';
grant select, insert, update, delete on core.label_claim to sightscan_pipeline;
grant select on core.label_claim to sightscan_analyst;
