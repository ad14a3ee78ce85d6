update core.photo_blob
set
    bytes = %(bytes)s,
    uri = %(uri)s
where photo_blob.sha256 = %(sha256)s
