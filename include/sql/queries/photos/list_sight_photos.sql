select distinct photo_source.sha256
from core.photo_source
where photo_source.sight_id = %(sight_id)s
