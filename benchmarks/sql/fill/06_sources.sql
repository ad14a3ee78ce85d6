-- An author takes some five photos of a sight on a day: a burst.
insert into core.photo_source (
    sha256, url_sha256, sight_id, url, source, licence, author, query, taken_on, found_at, recorded_at
)
select
    sha256, sha256, sight_id, 'https://commons.example/' || n, 'wikimedia_commons', 'cc-by-4.0',
    'Ann ' || n / 50, 'q', at::date, at, at
from numbered
