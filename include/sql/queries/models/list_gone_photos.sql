select given.sha256
from unnest(%(sha256s)s::bytea[]) as given (sha256)
left join core.photo on given.sha256 = photo.sha256
left join core.removed_photo on given.sha256 = removed_photo.sha256
where photo.sha256 is null or removed_photo.sha256 is not null
