-- The next photos whose bytes are elsewhere than they should be. Locked, so that a take-down waits
-- and then sees where the bytes are; rows that somebody else holds are left to the next pass.
select
    photo_blob.sha256,
    photo_blob.bytes,
    photo_blob.uri,
    photo.media_type
from core.photo_blob
inner join core.photo on photo_blob.sha256 = photo.sha256
where
    photo_blob.sha256 > %(after_sha256)s
    and case
        when %(prefix)s = '' then photo_blob.uri is not null
        else photo_blob.uri is null or not starts_with(photo_blob.uri, %(prefix)s)
    end
order by photo_blob.sha256
limit %(most)s
for update of photo_blob skip locked
