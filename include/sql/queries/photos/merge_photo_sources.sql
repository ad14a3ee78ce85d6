-- What a batch found, and what it links: photos that were kept for another sight. In one pass in the
-- order of the keys: two passes over one table, or another order, and two crawls could deadlock.
with linked as (
    select
        link.sha256,
        link.url,
        %(sight_id)s::bigint as sight_id,
        link.page_url,
        link.source,
        link.licence,
        link.licence_url,
        link.author,
        link.title,
        link.query,
        link.found_at,
        link.taken_on,
        link.camera_latitude,
        link.camera_longitude
    from
        unnest(
            %(sha256s)s::bytea[],
            %(url_texts)s::text[],
            %(page_url_texts)s::text[],
            %(source_texts)s::text[],
            %(licence_texts)s::text[],
            %(licence_url_texts)s::text[],
            %(author_texts)s::text[],
            %(title_texts)s::text[],
            %(query_texts)s::text[],
            %(found_at)s::timestamptz[],
            %(taken_on_texts)s::text[],
            %(camera_latitudes)s::double precision[],
            %(camera_longitudes)s::double precision[]
        ) as link (
            sha256, url, page_url, source, licence, licence_url, author, title, query, found_at,
            taken_on, camera_latitude, camera_longitude
        )
    -- Taken down before, by its bytes or by a name of its: what is found was asked the same.
    where
        not exists (
            select 1 from core.removed_photo
            where removed_photo.sha256 = link.sha256
        )
        and link.url not in (
            select name.url
            from unnest(%(named_urls)s::text[], %(name_sha256s)s::bytea[]) as name (url, name_sha256)
            inner join core.removed_url on name.name_sha256 = removed_url.url_sha256
        )
),

found as (
    select
        loaded.sha256,
        loaded.url,
        loaded.sight_id,
        loaded.page_url,
        loaded.source,
        loaded.licence,
        loaded.licence_url,
        loaded.author,
        loaded.title,
        loaded.query,
        loaded.found_at,
        loaded.taken_on,
        loaded.camera_latitude,
        loaded.camera_longitude
    from load.photo as loaded
    where loaded.batch_id = %(batch_id)s
    union all
    select
        linked.sha256,
        linked.url,
        linked.sight_id,
        linked.page_url,
        linked.source,
        linked.licence,
        linked.licence_url,
        linked.author,
        linked.title,
        linked.query,
        linked.found_at,
        linked.taken_on,
        linked.camera_latitude,
        linked.camera_longitude
    from linked
)

insert into core.photo_source (
    sha256, url_sha256, sight_id, url, page_url, source, licence, licence_url, author, title,
    query, found_at, taken_on, camera_latitude, camera_longitude
)
select distinct on (found.sha256, found.url, found.sight_id)
    found.sha256,
    sha256(convert_to(found.url, 'UTF8')) as url_sha256,
    found.sight_id,
    found.url,
    found.page_url,
    found.source,
    found.licence,
    found.licence_url,
    found.author,
    found.title,
    found.query,
    found.found_at,
    found.taken_on::date as taken_on,
    found.camera_latitude,
    found.camera_longitude
from found
-- Without links to photos that are gone.
inner join core.photo on found.sha256 = photo.sha256
order by found.sha256, found.url, found.sight_id
on conflict (sha256, url_sha256, sight_id) do nothing
