select
    photo_source.author,
    photo_source.licence,
    photo_source.source
from core.photo_source
where photo_source.sha256 = %(sha256)s
order by photo_source.recorded_at
limit 1;
