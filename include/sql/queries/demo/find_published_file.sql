select
    published_model_file.onnx,
    published_model.class_names,
    published_model.background_photo_count
from mart.published_model_file
inner join mart.published_model
    on
        published_model_file.city_slug = published_model.city_slug
        and published_model_file.onnx_sha256 = published_model.onnx_sha256
where
    published_model_file.city_slug = %(slug)s
    and not published_model_file.is_live;
