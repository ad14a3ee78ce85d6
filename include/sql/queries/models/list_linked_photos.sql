-- The photos in these clusters and bursts. A burst is of one sight, so that only those of the sights that
-- the photos %(sha256s)s were found for are looked at.
with own_sight as (
    select distinct photo_source.sight_id
    from core.photo_source
    where photo_source.sha256 = any(%(sha256s)s)
),

sibling as (
    select distinct photo_source.sha256
    from own_sight
    inner join core.photo_source on own_sight.sight_id = photo_source.sight_id
)

select
    photo.sha256,
    photo.cluster_sha256
from core.photo
where photo.cluster_sha256 = any(%(links)s)
union
select
    photo.sha256,
    photo.cluster_sha256
from sibling
inner join core.photo_burst on sibling.sha256 = photo_burst.sha256
inner join core.photo on sibling.sha256 = photo.sha256
where photo_burst.burst_sha256 = any(%(links)s)
