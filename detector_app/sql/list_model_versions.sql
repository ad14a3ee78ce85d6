-- Versions of the models of all cities, the one in place first, then the newest; bounded.
select
    model_version.city_slug,
    model_version.city_name,
    model_version.country,
    model_version.model_version,
    model_version.state,
    model_version.is_in_place,
    model_version.recorded_at
from mart.model_version
order by
    model_version.city_name asc,
    model_version.city_slug asc,
    model_version.is_in_place desc,
    model_version.model_version desc
limit 2000
