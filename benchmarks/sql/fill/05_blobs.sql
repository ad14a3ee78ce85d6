insert into core.photo_blob (sha256, bytes) select sha256, int8send(n) from numbered
