select
    city_overview.city_name,
    city_overview.sight_count,
    city_overview.photo_count,
    city_overview.labelled_photo_count,
    city_overview.model_version,
    city_overview.map50,
    (
        select model.map50_95
        from core.model
        where
            model.city_id = city_overview.city_id
            and model.model_version = city_overview.model_version
    ) as map50_95,
    (
        select count(*)
        from core.label
        where label.city_id = city_overview.city_id
    ) as label_count
from mart.city_overview
where city_overview.city_slug = %(slug)s;
