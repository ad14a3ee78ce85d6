-- The cities that the app can name, with the model in place for each (nulls where there is none).
-- A city that is retired is left out, unless its detector still works.
select
    city_overview.city_slug,
    city_overview.city_name,
    city_overview.country,
    city_overview.stage,
    city_overview.sight_count,
    city_overview.photo_count,
    city_overview.labelled_photo_count,
    published_model.model_version,
    published_model.published_at,
    published_model.class_names,
    published_model.image_size,
    published_model.onnx_sha256,
    published_model.onnx_bytes,
    published_model.map50,
    published_model.map50_95,
    published_model.test_photo_count
from mart.city_overview
left join mart.published_model
    on city_overview.city_slug = published_model.city_slug
where
    city_overview.state = 'active'
    or published_model.model_version is not null
order by city_overview.city_name, city_overview.city_slug
