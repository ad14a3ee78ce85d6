-- What taking over a database of the first SightScan needs. It forgot which sight a photo was found
-- for, kept its models as pickles, and paid for labels that must not be paid for again.

alter table core.paid_call add column is_taken_over boolean not null default false;
comment on column core.paid_call.is_taken_over is 'Paid by the first SightScan, at a price nobody knows: never paid again, counted against no cap.';

create table core.imported_model (
    city_id text not null references core.city (city_id),
    sha256 bytea not null,
    model_version integer not null,
    bytes bytea not null,
    trained_at timestamptz,
    recorded_at timestamptz not null default now(),
    primary key (city_id, sha256),
    constraint imported_model_sha256_length check (octet_length(sha256) = 32),
    constraint imported_model_version_positive check (model_version >= 1)
);
-- Weights do not compress.
alter table core.imported_model alter column bytes set storage external;
comment on table core.imported_model is 'Models of the first SightScan as files (pickles): never loaded, never offered to the app; a person may export them.';
comment on column core.imported_model.city_id is 'The city.';
comment on column core.imported_model.sha256 is 'SHA-256 of the bytes.';
comment on column core.imported_model.model_version is 'Its version there; not a version of core.model.';
comment on column core.imported_model.bytes is 'The file as it was.';
comment on column core.imported_model.trained_at is 'When the first SightScan stored it.';
comment on column core.imported_model.recorded_at is 'When the row became known.';

grant select, insert, update, delete on core.imported_model to sightscan_pipeline;
grant select on core.imported_model to sightscan_analyst;
