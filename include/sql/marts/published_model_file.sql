-- Grain: one row per file of a city's model in place that the app loads: the model's, and its live variant's.
create view mart.published_model_file as
select
    published_model.city_slug,
    published_model.model_version,
    offered.onnx_sha256,
    offered.is_live,
    model_file.bytes as onnx
from mart.published_model
cross join
    lateral (
        values
        ('model.onnx', published_model.onnx_sha256, false),
        ('live.onnx', published_model.live_onnx_sha256, true)
    ) as offered (file_name, onnx_sha256, is_live)
inner join core.model_file
    on
        published_model.city_id = model_file.city_id
        and published_model.model_version = model_file.model_version
        and offered.file_name = model_file.file_name
where offered.onnx_sha256 is not null;

comment on view mart.published_model_file is 'One row per file that the app loads of a model in place.';
comment on column mart.published_model_file.city_slug is 'The city''s ASCII name.';
comment on column mart.published_model_file.model_version is 'The model in place.';
comment on column mart.published_model_file.onnx_sha256 is 'What the file must hash to, in hex.';
comment on column mart.published_model_file.is_live is 'Whether it is the live variant, for phones.';
comment on column mart.published_model_file.onnx is 'The file.';
