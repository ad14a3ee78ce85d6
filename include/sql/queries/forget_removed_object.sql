update core.removed_photo
set object_uri = null
where removed_photo.sha256 = %(sha256)s and removed_photo.object_uri = %(object_uri)s;
