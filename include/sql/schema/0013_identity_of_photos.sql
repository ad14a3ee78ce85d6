-- A photo is known by what its provider knows it by, whatever its address. By address, since rows of
-- kept, of refused and of visited photos have that in common. By hash, since where a source states
-- no identifier, it is an address without what tracks, which may be longer than an index entry may.
create table core.photo_identifier (
    url_sha256 bytea not null,
    identifier_sha256 bytea not null,
    identifier text not null,
    recorded_at timestamptz not null default now(),
    primary key (url_sha256, identifier_sha256),
    constraint photo_identifier_hash_lengths check (
        octet_length(url_sha256) = 32 and octet_length(identifier_sha256) = 32
    ),
    constraint photo_identifier_given check (btrim(identifier) <> '')
);
create index photo_identifier_by_identifier on core.photo_identifier (identifier_sha256);
comment on table core.photo_identifier is
'Which photo of which provider is at an address: one photo may have many addresses.';
comment on column core.photo_identifier.url_sha256 is
'SHA-256 of the URL, as in core.photo_source and core.rejected_photo.';
comment on column core.photo_identifier.identifier_sha256 is 'SHA-256 of the identifier.';
comment on column core.photo_identifier.identifier is
'commons:File:<name>, commons:<page id>, flickr:<photo id>, openverse:<image id>; else the URL without what only tracks.';
comment on column core.photo_identifier.recorded_at is 'When the row became known.';
grant select, insert, update, delete on core.photo_identifier to sightscan_pipeline;
grant select on core.photo_identifier to sightscan_analyst;

alter table core.removed_photo add column perceptual_hash bytea;
comment on column core.removed_photo.perceptual_hash is
'What it looked like (decision 25), so that it is not stored again when rendered anew; none if nothing was stored.';
comment on table core.removed_url is
'Tombstones of take-downs: what has these names is never fetched again, for no sight.';
comment on column core.removed_url.url_sha256 is
'SHA-256 of the URL of a photo, of the page that describes it, or of an identifier of it.';
