select published_model_file.onnx
from mart.published_model_file
where published_model_file.city_slug = %(slug)s;
