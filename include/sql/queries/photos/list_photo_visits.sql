-- By address, and by identifier: the address of the next visit may be another one.
with visited as (
    select
        photo_visit.url_sha256,
        photo_visit.etag,
        photo_visit.last_modified,
        photo_visit.visited_at
    from core.photo_visit
    where exists (
        select 1
        from core.photo_source
        where
            photo_source.url_sha256 = photo_visit.url_sha256
            and photo_source.sight_id = %(sight_id)s
    )
),

named as (
    select
        visited.url_sha256 as name_sha256,
        visited.etag,
        visited.last_modified,
        visited.visited_at
    from visited
    union all
    select
        photo_identifier.identifier_sha256 as name_sha256,
        visited.etag,
        visited.last_modified,
        visited.visited_at
    from visited
    inner join core.photo_identifier on visited.url_sha256 = photo_identifier.url_sha256
)

select distinct on (named.name_sha256)
    named.name_sha256,
    named.etag,
    named.last_modified
from named
order by named.name_sha256 asc, named.visited_at desc
