-- severity: fail
-- The app refuses a file whose hash differs: such a city would have no detector.
select
    published_model_file.city_slug,
    published_model_file.model_version
from mart.published_model_file
where encode(sha256(published_model_file.onnx), 'hex') <> published_model_file.onnx_sha256;
