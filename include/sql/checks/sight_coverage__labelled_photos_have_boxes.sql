-- severity: fail
-- scope: city
-- Each labelled photo has a box at least; else the facts were computed wrongly.
select
    sight_coverage.city_id,
    sight_coverage.sight_name,
    sight_coverage.labelled_photo_count,
    sight_coverage.box_count
from mart.sight_coverage
where
    (%(city_id)s::text is null or sight_coverage.city_id = %(city_id)s)
    and (%(keys)s::text[] is null or sight_coverage.city_id = any(%(keys)s::text[]))
    and sight_coverage.labelled_photo_count > sight_coverage.box_count;
