delete from core.photo_source
using core.sight
where
    photo_source.sight_id = sight.sight_id
    and sight.city_id = %(city_id)s
    and sight.state = 'unsorted'
    and exists (
        select 1
        from core.photo_source as sorted
        inner join core.sight as sorted_sight on sorted.sight_id = sorted_sight.sight_id
        where
            sorted.sha256 = photo_source.sha256
            and sorted.url_sha256 = photo_source.url_sha256
            and sorted_sight.city_id = %(city_id)s
            and sorted_sight.state = 'active'
    )
