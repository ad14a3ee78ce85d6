-- severity: fail
-- scope: city
-- A photo is labelled for the city that found it, so there are never more of them.
select
    city_overview.city_id,
    city_overview.photo_count,
    city_overview.labelled_photo_count
from mart.city_overview
where
    (%(city_id)s::text is null or city_overview.city_id = %(city_id)s)
    and (%(keys)s::text[] is null or city_overview.city_id = any(%(keys)s::text[]))
    and city_overview.labelled_photo_count > city_overview.photo_count;
