-- What makes clustering incremental: a photo that was compared with all others of its city is not
-- compared with them again; only new photos are.

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
