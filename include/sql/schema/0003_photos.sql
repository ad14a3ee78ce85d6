-- Photos from their arrival to their take-down. Hashes are 32 raw bytes. What is in load is as
-- received: staging tables are filled by COPY and emptied by one merge in the same transaction; the
-- inbox is insert-only for the app's role, under ids that the app makes.

-- What a row lacks is found by the merge, which keeps the row as a rejection.
create unlogged table load.photo (
    batch_id uuid not null,
    sha256 bytea not null,
    bytes bytea,
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
    found_at timestamptz not null,
    byte_count integer
);
alter table load.photo alter column bytes set storage external;
comment on table load.photo is 'Photos of one batch of a crawl, on their way to core.';
comment on column load.photo.batch_id is 'The batch; a merge takes one whole.';
comment on column load.photo.sha256 is 'SHA-256 of the bytes.';
comment on column load.photo.bytes is 'Empty: the bytes go straight to core.photo_blob.';
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
comment on column load.photo.byte_count is 'Size of the bytes.';
grant select, insert, update, delete on load.photo to sightscan_pipeline;

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
grant select, insert, update, delete on load.rejected_photo to sightscan_pipeline;

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
grant select, insert, update, delete on load.contribution to sightscan_pipeline;
grant insert on load.contribution to sightscan_app;

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
grant select, insert, update, delete on load.withdrawal to sightscan_pipeline;
grant insert on load.withdrawal to sightscan_app;

create table core.photo (
    sha256 bytea primary key,
    byte_count integer not null,
    width_pixels integer not null,
    height_pixels integer not null,
    media_type text not null,
    perceptual_hash bytea not null,
    cluster_sha256 bytea not null,
    recorded_at timestamptz not null default now(),
    constraint photo_sha256_length check (octet_length(sha256) = 32),
    constraint photo_hash_length check (octet_length(perceptual_hash) = 32),
    constraint photo_cluster_length check (octet_length(cluster_sha256) = 32),
    constraint photo_size_positive check (byte_count > 0 and width_pixels > 0 and height_pixels > 0),
    constraint photo_media_type_known check (media_type in ('image/jpeg', 'image/png', 'image/webp'))
);
create index photo_by_cluster on core.photo (cluster_sha256);
comment on table core.photo is 'One photo, known by the sha256 of its bytes.';
comment on column core.photo.sha256 is 'SHA-256 of the bytes as stored.';
comment on column core.photo.byte_count is 'Size of the bytes.';
comment on column core.photo.width_pixels is 'Width, upright.';
comment on column core.photo.height_pixels is 'Height, upright.';
comment on column core.photo.media_type is 'What the bytes are, sniffed.';
comment on column core.photo.perceptual_hash is '256-bit perceptual hash of light and colours (decision 5), most significant bit first.';
comment on column core.photo.cluster_sha256 is
'Near-duplicate cluster: the smallest sha256 among the members that it ever had.';
comment on column core.photo.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.photo to sightscan_pipeline;
grant select on core.photo to sightscan_analyst;

create table core.photo_blob (
    sha256 bytea primary key references core.photo (sha256),
    bytes bytea,
    uri text,
    constraint photo_blob_one_place check (num_nonnulls(bytes, uri) = 1),
    constraint photo_blob_not_empty check (octet_length(bytes) > 0 and uri <> '')
);
-- Photos do not compress: trying costs time and gains nothing.
alter table core.photo_blob alter column bytes set storage external;
comment on table core.photo_blob is 'The bytes of the photos, the only place where they are.';
comment on column core.photo_blob.sha256 is 'The photo.';
comment on column core.photo_blob.bytes is 'The bytes, unless they are in an object store.';
comment on column core.photo_blob.uri is 'Where the object store has them.';
grant select, insert, update, delete on core.photo_blob to sightscan_pipeline;
grant select on core.photo_blob to sightscan_analyst;

create table core.photo_source (
    sha256 bytea not null references core.photo (sha256),
    url_sha256 bytea not null,
    sight_id bigint not null references core.sight (sight_id),
    url text not null,
    page_url text,
    source text not null,
    licence text not null,
    licence_url text,
    author text,
    title text,
    query text not null,
    found_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    primary key (sha256, url_sha256, sight_id),
    constraint photo_source_url_hash_length check (octet_length(url_sha256) = 32),
    constraint photo_source_complete check (
        btrim(url) <> '' and btrim(source) <> '' and btrim(licence) <> '' and btrim(query) <> ''
    ),
    constraint photo_source_found_in_the_past check (
        found_at >= '2000-01-01 00:00:00+00' and found_at <= recorded_at + interval '1 day'
    )
);
create index photo_source_by_sight on core.photo_source (sight_id, sha256);
create index photo_source_by_url on core.photo_source (url_sha256, sight_id);
create index photo_source_by_time on core.photo_source (recorded_at);
comment on table core.photo_source is 'Where a photo was found and for which sight: the weak label and the attribution.';
comment on column core.photo_source.sha256 is 'The photo.';
comment on column core.photo_source.url_sha256 is 'SHA-256 of the URL (a URL may be longer than an index entry may).';
comment on column core.photo_source.sight_id is 'The sight that was searched for.';
comment on column core.photo_source.url is 'Where the bytes came from.';
comment on column core.photo_source.page_url is 'The page that describes the photo.';
comment on column core.photo_source.source is 'The catalogue it was found in, such as wikimedia_commons.';
comment on column core.photo_source.licence is 'Short id of the licence, such as cc-by-sa-4.0; unknown where none is given.';
comment on column core.photo_source.licence_url is 'Text of the licence.';
comment on column core.photo_source.author is 'Who made it, as plain text.';
comment on column core.photo_source.title is 'Title in the catalogue.';
comment on column core.photo_source.query is 'The search, the category or the place that led to it.';
comment on column core.photo_source.found_at is 'When it was fetched.';
comment on column core.photo_source.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.photo_source to sightscan_pipeline;
grant select on core.photo_source to sightscan_analyst;

-- A second visit can ask whether a photo has changed, and an unchanged one costs nothing.
create table core.photo_visit (
    url_sha256 bytea primary key,
    etag text,
    last_modified text,
    visited_at timestamptz not null,
    recorded_at timestamptz not null default now(),
    constraint photo_visit_url_hash_length check (octet_length(url_sha256) = 32),
    constraint photo_visit_says_something check (etag is not null or last_modified is not null)
);
comment on table core.photo_visit is 'What the server said of a photo at the last visit, for a conditional request (RFC 9110).';
comment on column core.photo_visit.url_sha256 is 'SHA-256 of the URL.';
comment on column core.photo_visit.etag is 'The header ETag, as it came.';
comment on column core.photo_visit.last_modified is 'The header Last-Modified, as it came.';
comment on column core.photo_visit.visited_at is 'When it was fetched.';
comment on column core.photo_visit.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.photo_visit to sightscan_pipeline;
grant select on core.photo_visit to sightscan_analyst;

create table core.rejected_photo (
    url_sha256 bytea not null,
    sight_id bigint not null references core.sight (sight_id),
    url text not null,
    source text not null,
    reason text not null,
    detail text,
    recorded_at timestamptz not null default now(),
    primary key (url_sha256, sight_id),
    constraint rejected_photo_url_hash_length check (octet_length(url_sha256) = 32),
    constraint rejected_photo_reason_is_a_word check (reason ~ '^[a-z][a-z0-9_]*$'),
    constraint rejected_photo_complete check (btrim(url) <> '' and btrim(source) <> '')
);
create index rejected_photo_by_time on core.rejected_photo (recorded_at);
comment on table core.rejected_photo is 'What was found and not kept, with the reason.';
comment on column core.rejected_photo.url_sha256 is 'SHA-256 of the URL.';
comment on column core.rejected_photo.sight_id is 'The sight that was searched for.';
comment on column core.rejected_photo.url is 'Where it was found.';
comment on column core.rejected_photo.source is 'The catalogue it was found in.';
comment on column core.rejected_photo.reason is 'One word: too_small, not_an_image, opted_out, too_large, ...';
comment on column core.rejected_photo.detail is 'What exactly was seen.';
comment on column core.rejected_photo.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.rejected_photo to sightscan_pipeline;
grant select on core.rejected_photo to sightscan_analyst;

-- A photo that was compared with all others of its city is not compared with them again.
create table core.clustered_photo (
    city_id text not null references core.city (city_id),
    sha256 bytea not null references core.photo (sha256) on delete cascade,
    near_duplicate_bits smallint not null,
    recorded_at timestamptz not null default now(),
    primary key (city_id, sha256)
);
comment on table core.clustered_photo is 'Photos that were compared with all others of a city.';
comment on column core.clustered_photo.city_id is 'The city.';
comment on column core.clustered_photo.sha256 is 'The photo.';
comment on column core.clustered_photo.near_duplicate_bits is 'The threshold then; another compares anew.';
comment on column core.clustered_photo.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.clustered_photo to sightscan_pipeline;
grant select on core.clustered_photo to sightscan_analyst;

-- A take-down deletes a photo for good, and keeps no more than what must be known of it: its hash,
-- the hashes of its addresses, and in which frozen datasets it was.
create table core.removed_photo (
    sha256 bytea primary key,
    reason text not null,
    removed_by text not null,
    recorded_at timestamptz not null default now(),
    cluster_sha256 bytea,
    object_uri text,
    constraint removed_photo_sha256_length check (octet_length(sha256) = 32),
    constraint removed_photo_cluster_length check (octet_length(cluster_sha256) = 32),
    constraint removed_photo_reason_given check (btrim(reason) <> '' and btrim(removed_by) <> '')
);
comment on table core.removed_photo is 'Tombstones of take-downs: these bytes are never stored again.';
comment on column core.removed_photo.sha256 is 'The photo that was taken down.';
comment on column core.removed_photo.reason is 'Why.';
comment on column core.removed_photo.removed_by is 'Who asked for it.';
comment on column core.removed_photo.recorded_at is 'When the row became known.';
comment on column core.removed_photo.cluster_sha256 is
'Its near-duplicate cluster, whose copies stay on its side of a split; none if nothing was stored.';
comment on column core.removed_photo.object_uri is 'Where the object store still has its bytes; none once they are deleted there.';
grant select, insert, update, delete on core.removed_photo to sightscan_pipeline;
grant select on core.removed_photo to sightscan_analyst;

create table core.removed_url (
    url_sha256 bytea primary key,
    sha256 bytea references core.removed_photo (sha256),
    reason text not null,
    removed_by text not null,
    recorded_at timestamptz not null default now(),
    constraint removed_url_hash_length check (octet_length(url_sha256) = 32)
);
comment on table core.removed_url is 'Tombstones of take-downs: what is at these addresses is never fetched again, for no sight.';
comment on column core.removed_url.url_sha256 is 'SHA-256 of the URL of a photo or of the page that describes it.';
comment on column core.removed_url.sha256 is 'The photo that was taken down; none if nothing was stored from there.';
comment on column core.removed_url.reason is 'Why.';
comment on column core.removed_url.removed_by is 'Who asked for it.';
comment on column core.removed_url.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.removed_url to sightscan_pipeline;
grant select on core.removed_url to sightscan_analyst;

-- Noted in the transaction that lets go of an object, so that whoever is killed before the deletion
-- leaves a note and not a photo.
create table core.object_to_delete (
    uri text primary key,
    sha256 bytea not null,
    noted_at timestamptz not null default now(),
    constraint object_to_delete_named check (btrim(uri) <> ''),
    constraint object_to_delete_sha256_length check (octet_length(sha256) = 32)
);
comment on table core.object_to_delete is 'Objects of the photo store that are to be deleted; empty again once they are.';
comment on column core.object_to_delete.uri is 'Where the object is, or may be.';
comment on column core.object_to_delete.sha256 is 'The photo; it may be gone from core.photo.';
comment on column core.object_to_delete.noted_at is 'When the last row let go of it.';
grant select, insert, update, delete on core.object_to_delete to sightscan_pipeline;
grant select on core.object_to_delete to sightscan_analyst;
