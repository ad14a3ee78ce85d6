-- Grain: one row per city with a model in place, with the file itself.
create view mart.published_model_file as
select
    published_model.city_slug,
    published_model.model_version,
    published_model.onnx_sha256,
    model_file.bytes as onnx
from mart.published_model
inner join core.model_file
    on
        published_model.city_id = model_file.city_id
        and published_model.model_version = model_file.model_version
        and model_file.file_name = 'model.onnx';

comment on view mart.published_model_file is 'One row per city with a model in place: the file that the app loads.';
comment on column mart.published_model_file.city_slug is 'The city''s ASCII name.';
comment on column mart.published_model_file.model_version is 'The model in place.';
comment on column mart.published_model_file.onnx_sha256 is 'What the file must hash to, in hex.';
comment on column mart.published_model_file.onnx is 'The file.';
