-- The other photos of the near-duplicate clusters of these, kept or taken down.
with cluster as (
    select photo.cluster_sha256
    from core.photo
    where photo.sha256 = any(%(sha256s)s)
    union
    select removed_photo.cluster_sha256
    from core.removed_photo
    where removed_photo.sha256 = any(%(sha256s)s)
)

select photo.sha256
from cluster
inner join core.photo on cluster.cluster_sha256 = photo.cluster_sha256
where photo.sha256 <> all(%(sha256s)s)
order by photo.sha256;
