-- What servers said of the photos that were fetched from them, so that a second visit can ask
-- whether they have changed, and an unchanged one costs nothing.

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
