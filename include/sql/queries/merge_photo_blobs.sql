insert into core.photo_blob (sha256, bytes)
select distinct on (loaded.sha256)
    loaded.sha256,
    loaded.bytes
from load.photo as loaded
inner join core.photo on loaded.sha256 = photo.sha256
where loaded.batch_id = %(batch_id)s
order by loaded.sha256
on conflict (sha256) do nothing
