-- A photo that was kept for another sight of the city, and not taken down since.
insert into core.photo_source (
    sha256, url_sha256, sight_id, url, page_url, source, licence, licence_url, author, title,
    query, found_at
)
select
    photo.sha256,
    sha256(convert_to(%(url)s, 'UTF8')) as url_sha256,
    %(sight_id)s as sight_id,
    %(url)s as url,
    %(page_url)s as page_url,
    %(source)s as source,
    %(licence)s as licence,
    %(licence_url)s as licence_url,
    %(author)s as author,
    %(title)s as title,
    %(query)s as query,
    %(found_at)s as found_at
from core.photo
left join core.removed_photo on photo.sha256 = removed_photo.sha256
where
    photo.sha256 = %(sha256)s
    and removed_photo.sha256 is null
on conflict (sha256, url_sha256, sight_id) do nothing
