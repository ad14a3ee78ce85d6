-- Bytes that were taken down and that the object store may still have.
select
    removed_photo.sha256,
    removed_photo.object_uri,
    true as is_known
from core.removed_photo
where removed_photo.object_uri is not null
union all
-- Left by a move or a load that was killed, or there at all if one was.
select
    noted.sha256,
    noted.uri as object_uri,
    false as is_known
from core.object_to_delete as noted
inner join core.removed_photo on noted.sha256 = removed_photo.sha256
where removed_photo.object_uri is distinct from noted.uri
order by sha256, object_uri
