with forgotten as (
    delete from core.object_to_delete
    where object_to_delete.uri = %(object_uri)s
)

update core.removed_photo
set object_uri = null
where removed_photo.sha256 = %(sha256)s and removed_photo.object_uri = %(object_uri)s
