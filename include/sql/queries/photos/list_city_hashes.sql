select
    photo.sha256,
    photo.perceptual_hash,
    photo.cluster_sha256,
    coalesce(clustered_photo.near_duplicate_bits = %(near_duplicate_bits)s, false) as is_clustered
from core.photo
left join core.clustered_photo
    on
        photo.sha256 = clustered_photo.sha256
        and clustered_photo.city_id = %(city_id)s
where
    exists (
        select 1
        from core.photo_source
        inner join core.sight on photo_source.sight_id = sight.sight_id
        where
            photo_source.sha256 = photo.sha256
            and sight.city_id = %(city_id)s
    )
order by photo.sha256
