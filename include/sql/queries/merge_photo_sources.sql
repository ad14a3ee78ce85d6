insert into core.photo_source (
    sha256, url_sha256, sight_id, url, page_url, source, licence, licence_url, author, title,
    query, found_at
)
select distinct on (loaded.sha256, loaded.url, loaded.sight_id)
    loaded.sha256,
    sha256(convert_to(loaded.url, 'UTF8')) as url_sha256,
    loaded.sight_id,
    loaded.url,
    loaded.page_url,
    loaded.source,
    loaded.licence,
    loaded.licence_url,
    loaded.author,
    loaded.title,
    loaded.query,
    loaded.found_at
from load.photo as loaded
inner join core.photo on loaded.sha256 = photo.sha256
where loaded.batch_id = %(batch_id)s
order by loaded.sha256, loaded.url, loaded.sight_id
on conflict (sha256, url_sha256, sight_id) do nothing
