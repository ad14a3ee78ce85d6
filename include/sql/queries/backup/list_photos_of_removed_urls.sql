-- Photos that are there although one of their addresses, of their pages' or of their identifiers was
-- taken down.
select distinct photo_source.sha256
from core.photo_source
inner join core.removed_url
    on removed_url.url_sha256 in (
        photo_source.url_sha256, sha256(convert_to(photo_source.page_url, 'UTF8'))
    )
union
select photo_source.sha256
from core.photo_source
inner join core.photo_identifier on photo_source.url_sha256 = photo_identifier.url_sha256
inner join core.removed_url on photo_identifier.identifier_sha256 = removed_url.url_sha256
order by sha256
