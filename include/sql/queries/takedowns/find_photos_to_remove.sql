-- Photos by their hash, or by an address or a page of theirs; those taken down earlier come, too.
with asked as (
    select unnest(%(sha256s)s::bytea[]) as sha256
    union
    select photo_source.sha256
    from core.photo_source
    where
        photo_source.url_sha256 = any(%(url_sha256s)s)
        or photo_source.page_url = any(%(urls)s)
    union
    select removed_url.sha256
    from core.removed_url
    where removed_url.url_sha256 = any(%(url_sha256s)s) and removed_url.sha256 is not null
)

select
    asked.sha256,
    exists(
        select 1 from core.photo
        where photo.sha256 = asked.sha256
    ) as is_stored,
    exists(
        select 1 from core.removed_photo
        where removed_photo.sha256 = asked.sha256
    ) as is_removed
from asked
order by asked.sha256;
