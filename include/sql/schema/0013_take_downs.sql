-- A take-down deletes a photo for good, and keeps no more than what must be known of it: its hash,
-- the hashes of its addresses, and in which frozen datasets it was.

-- The record of a frozen dataset outlives its photos: the hash stays there as a number.
-- squawk-ignore ban-drop-constraint
alter table core.dataset_photo drop constraint dataset_photo_sha256_fkey;
comment on column core.dataset_photo.sha256 is 'The photo; in core.removed_photo if it was taken down.';
comment on column core.photo.cluster_sha256 is
'Near-duplicate cluster: the smallest sha256 among the members that it ever had.';

alter table core.removed_photo add column cluster_sha256 bytea;
alter table core.removed_photo add column object_uri text;
alter table core.removed_photo add constraint removed_photo_cluster_length
check (octet_length(cluster_sha256) = 32) not valid;
-- Take-downs are few: this is over at once.
-- squawk-ignore constraint-missing-not-valid
alter table core.removed_photo validate constraint removed_photo_cluster_length;
comment on column core.removed_photo.cluster_sha256 is
'Its near-duplicate cluster, whose copies stay on its side of a split; none if nothing was stored.';
comment on column core.removed_photo.object_uri is 'Where the object store still has its bytes; none once they are deleted there.';

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
