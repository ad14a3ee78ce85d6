-- Taken down before: remembered by its URL too, so that it is not even fetched again.
insert into core.rejected_photo (url_sha256, sight_id, url, source, reason, detail)
select distinct on (loaded.url, loaded.sight_id)
    sha256(convert_to(loaded.url, 'UTF8')) as url_sha256,
    loaded.sight_id,
    loaded.url,
    loaded.source,
    'removed' as reason,
    removed_photo.reason as detail
from load.photo as loaded
inner join core.removed_photo on loaded.sha256 = removed_photo.sha256
where loaded.batch_id = %(batch_id)s
order by loaded.url, loaded.sight_id
on conflict (url_sha256, sight_id) do nothing
