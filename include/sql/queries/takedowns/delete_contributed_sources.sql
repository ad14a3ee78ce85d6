-- A photo that was found elsewhere, too, stays as it was found there.
delete from core.photo_source
where photo_source.sha256 = %(sha256)s and photo_source.source = %(contributed)s;
