select count(*) from core.photo_blob
where photo_blob.uri is not null;
