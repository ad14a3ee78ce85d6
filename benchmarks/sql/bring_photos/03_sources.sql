insert into core.photo_source (
    sha256, url_sha256, sight_id, url, source, licence, author, query, found_at, recorded_at
)
select
    sha256, sha256, sight_id, 'https://commons.example/new', 'wikimedia_commons', 'cc-by-4.0',
    'Ann', 'q', at, at
from brought
