-- Photos that are there although one of their addresses, or of their pages', was taken down.
select distinct photo_source.sha256
from core.photo_source
inner join core.removed_url
    on removed_url.url_sha256 in (
        photo_source.url_sha256, sha256(convert_to(photo_source.page_url, 'UTF8'))
    )
order by photo_source.sha256
