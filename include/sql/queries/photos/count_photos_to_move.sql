select count(*) as photo_count
from core.photo_blob
where
    case
        when %(prefix)s = '' then photo_blob.uri is not null
        else photo_blob.uri is null or not starts_with(photo_blob.uri, %(prefix)s)
    end
