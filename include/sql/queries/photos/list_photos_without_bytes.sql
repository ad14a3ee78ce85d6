-- New in this transaction, or damaged: a photo is committed together with its bytes.
select photo.sha256
from core.photo
left join core.photo_blob on photo.sha256 = photo_blob.sha256
where
    photo.sha256 = any(%(sha256s)s)
    and photo_blob.sha256 is null
order by photo.sha256
