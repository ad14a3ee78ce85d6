-- severity: fail
-- scope: city
-- The app refuses a file whose hash differs: such a city would have no detector.
select
    city.city_id,
    published_model_file.city_slug,
    published_model_file.model_version
from core.city
inner join mart.published_model_file on city.slug = published_model_file.city_slug
where
    (%(city_id)s::text is null or city.city_id = %(city_id)s)
    and (%(keys)s::text[] is null or city.city_id = any(%(keys)s::text[]))
    and encode(sha256(published_model_file.onnx), 'hex') <> published_model_file.onnx_sha256;
