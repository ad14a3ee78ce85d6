select
    city_overview.photo_count,
    city_overview.box_count,
    city_overview.model_version,
    city_overview.map50
from mart.city_overview
where city_overview.city_id = %(city_id)s;
