-- None of a photo that was taken down while its picture was made; the lock keeps it until the commit.
insert into core.model_example (city_id, model_version, sha256, is_right, place, there, shown, thumbnail)
select
    %(city_id)s,
    %(model_version)s,
    photo.sha256,
    %(is_right)s,
    %(place)s,
    %(there)s,
    %(shown)s,
    %(thumbnail)s
from core.photo
where photo.sha256 = %(sha256)s
for key share
