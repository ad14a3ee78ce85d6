-- The addresses of the photos, their identifiers, those of the pages that describe them (the same file comes in other
-- widths, each at another address), and those that were asked for. A page that describes another
-- photo as well, such as one of a whole collection, stays: that one is not to go with this one.
insert into core.removed_url (url_sha256, sha256, reason, removed_by)
select distinct on (address.url_sha256)
    address.url_sha256,
    address.sha256,
    %(reason)s,
    %(removed_by)s
from (
    select
        photo_source.url_sha256,
        photo_source.sha256
    from core.photo_source
    where photo_source.sha256 = any(%(sha256s)s)
    union all
    select
        photo_identifier.identifier_sha256 as url_sha256,
        photo_source.sha256
    from core.photo_source
    inner join core.photo_identifier on photo_source.url_sha256 = photo_identifier.url_sha256
    where photo_source.sha256 = any(%(sha256s)s)
    union all
    select
        sha256(convert_to(photo_source.page_url, 'UTF8')) as url_sha256,
        photo_source.sha256
    from core.photo_source
    where
        photo_source.sha256 = any(%(sha256s)s)
        and photo_source.page_url is not null
        and not exists (
            select 1
            from core.photo_source as other
            where
                other.page_url = photo_source.page_url
                and other.sha256 <> all(%(sha256s)s)
        )
    union all
    select
        asked.url_sha256,
        null as sha256
    from unnest(%(url_sha256s)s::bytea[]) as asked (url_sha256)
) as address
order by address.url_sha256 asc, address.sha256 asc nulls last
on conflict (url_sha256) do nothing;
