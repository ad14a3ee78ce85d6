insert into core.photo_visit as visit (url_sha256, etag, last_modified, visited_at)
select distinct on (told.url)
    sha256(convert_to(told.url, 'UTF8')) as url_sha256,
    told.etag,
    told.last_modified,
    told.visited_at
from
    unnest(
        %(urls)s::text[],
        %(etags)s::text[],
        %(last_modified)s::text[],
        %(visited_at)s::timestamptz[]
    ) as told (url, etag, last_modified, visited_at)
order by told.url asc, told.visited_at desc
on conflict (url_sha256) do update
    set
        etag = excluded.etag,
        last_modified = excluded.last_modified,
        visited_at = excluded.visited_at
    where visit.visited_at < excluded.visited_at
