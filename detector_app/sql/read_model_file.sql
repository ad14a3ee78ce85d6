-- The bytes of one published model, or of its live variant; no row when another model has taken its place meanwhile.
select published_model_file.onnx
from mart.published_model_file
where
    published_model_file.city_slug = %(city_slug)s
    and published_model_file.onnx_sha256 = %(onnx_sha256)s
