-- The next objects that a move left behind. Their photos are locked, so that no other move makes one
-- of these addresses the right one while it is deleted; photos that were taken down are not here.
select noted.uri
from core.object_to_delete as noted
inner join core.photo_blob on noted.sha256 = photo_blob.sha256
where photo_blob.uri is distinct from noted.uri
order by noted.uri
limit %(most)s
for update of noted, photo_blob skip locked
