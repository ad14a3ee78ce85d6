-- A URL that was refused for both sights keeps both rows: nothing needs to move.
with movable as (
    select
        rejected_photo.url_sha256,
        rejected_photo.sight_id,
        sight.merged_into,
        row_number() over (
            partition by rejected_photo.url_sha256, sight.merged_into
            order by rejected_photo.sight_id
        ) as turn
    from core.rejected_photo
    inner join core.sight on rejected_photo.sight_id = sight.sight_id
    where
        sight.city_id = %(city_id)s
        and sight.state = 'merged'
),

moving as (
    select movable.*
    from movable
    left join core.rejected_photo as there
        on
            movable.url_sha256 = there.url_sha256
            and movable.merged_into = there.sight_id
    where
        movable.turn = 1
        and there.sight_id is null
)

update core.rejected_photo
set sight_id = moving.merged_into
from moving
where
    rejected_photo.sight_id = moving.sight_id
    and rejected_photo.url_sha256 = moving.url_sha256
