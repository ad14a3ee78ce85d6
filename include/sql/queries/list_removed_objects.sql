-- Bytes that were taken down and that the object store may still have.
select
    removed_photo.sha256,
    removed_photo.object_uri
from core.removed_photo
where removed_photo.object_uri is not null
order by removed_photo.sha256;
