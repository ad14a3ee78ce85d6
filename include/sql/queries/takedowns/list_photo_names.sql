-- All addresses of the photos that are asked for, and their identifiers: those that share an
-- identifier, or the bytes, are one photo, by however many steps.
with recursive address as (
    (
        select photo_source.url_sha256
        from core.photo_source
        where
            photo_source.sha256 = any(%(sha256s)s)
            or photo_source.url_sha256 = any(%(url_sha256s)s)
            or photo_source.page_url = any(%(urls)s)
        union
        select photo_identifier.url_sha256
        from core.photo_identifier
        where photo_identifier.identifier_sha256 = any(%(url_sha256s)s)
    )
    union
    select sibling.url_sha256
    from address
    cross join
        lateral (
            select other.url_sha256
            from core.photo_identifier as own
            inner join core.photo_identifier as other on own.identifier_sha256 = other.identifier_sha256
            where own.url_sha256 = address.url_sha256
            union all
            select other.url_sha256
            from core.photo_source as own
            inner join core.photo_source as other on own.sha256 = other.sha256
            where own.url_sha256 = address.url_sha256
        ) as sibling
)

select address.url_sha256
from address
union
select photo_identifier.identifier_sha256 as url_sha256
from address
inner join core.photo_identifier on address.url_sha256 = photo_identifier.url_sha256;
