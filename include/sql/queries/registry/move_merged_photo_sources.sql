-- A photo that was found at one URL for both sights keeps both rows: nothing needs to move.
with movable as (
    select
        photo_source.sha256,
        photo_source.url_sha256,
        photo_source.sight_id,
        sight.merged_into,
        row_number() over (
            partition by photo_source.sha256, photo_source.url_sha256, sight.merged_into
            order by photo_source.sight_id
        ) as turn
    from core.photo_source
    inner join core.sight on photo_source.sight_id = sight.sight_id
    where
        sight.city_id = %(city_id)s
        and sight.state = 'merged'
),

moving as (
    select movable.*
    from movable
    left join core.photo_source as there
        on
            movable.sha256 = there.sha256
            and movable.url_sha256 = there.url_sha256
            and movable.merged_into = there.sight_id
    where
        movable.turn = 1
        and there.sight_id is null
)

update core.photo_source
set sight_id = moving.merged_into
from moving
where
    photo_source.sight_id = moving.sight_id
    and photo_source.sha256 = moving.sha256
    and photo_source.url_sha256 = moving.url_sha256
