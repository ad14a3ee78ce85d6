-- Of photos that were taken down, too: their copies stay on their side of a split.
with renamed as (
    select
        old_sha256,
        new_sha256
    from unnest(%(old_sha256s)s::bytea[], %(new_sha256s)s::bytea[]) as pair (old_sha256, new_sha256)
),

renamed_removed as (
    update core.removed_photo
    set cluster_sha256 = renamed.new_sha256
    from renamed
    where removed_photo.cluster_sha256 = renamed.old_sha256
)

update core.photo
set cluster_sha256 = renamed.new_sha256
from renamed
where photo.cluster_sha256 = renamed.old_sha256
