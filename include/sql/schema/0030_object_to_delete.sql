-- Objects of the store that no row points to any more, or never did: noted in the transaction that
-- lets go of them, so that whoever is killed before the deletion leaves a note and not a photo.
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
