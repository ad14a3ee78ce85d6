-- severity: fail
-- The app refuses a file whose hash differs: such a city would have no detector.
select
    published_model_file.city_slug,
    published_model_file.model_version
from mart.published_model_file
where
    (
        %(city_id)s::text is null
        or published_model_file.city_slug = (
            select city.slug from core.city
            where city.city_id = %(city_id)s
        )
    )
    and encode(sha256(published_model_file.onnx), 'hex') <> published_model_file.onnx_sha256;
