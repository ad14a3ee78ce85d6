insert into core.photo_blob (sha256, bytes, uri)
values (%(sha256)s, %(bytes)s, %(uri)s)
on conflict (sha256) do nothing
