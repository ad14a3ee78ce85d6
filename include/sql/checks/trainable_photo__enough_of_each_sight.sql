-- severity: warn
-- scope: city
-- A sight with few labelled photos is dropped from the model: crawl more, or review its labels.
select
    sight_coverage.city_id,
    sight_coverage.sight_name as name,
    sight_coverage.labelled_photo_count
from mart.sight_coverage
where
    (%(city_id)s::text is null or sight_coverage.city_id = %(city_id)s)
    and (%(keys)s::text[] is null or sight_coverage.city_id = any(%(keys)s::text[]))
    and sight_coverage.labelled_photo_count < 10;
