-- Of the live variant of a model what its card says; of a model without one, why phones get the whole.
select
    model_variant.state,
    model_variant.decision,
    model_variant.image_size,
    model_variant.precision,
    model_variant.latency_milliseconds,
    model_variant.latency_processor,
    model_variant.map50,
    model_variant.map50_95,
    model_variant.shipped,
    encode(model_variant.sha256, 'hex') as onnx_sha256,
    octet_length(model_file.bytes)::bigint as onnx_bytes,
    translate(encode(model_variant.onnx_signed_by, 'base64'), E'\n', '') as signed_by,
    model.result #>> '{live,why}' as why
from core.model
left join core.model_variant
    on
        model.city_id = model_variant.city_id
        and model.model_version = model_variant.model_version
        and model_variant.kind = %(kind)s
left join core.model_file
    on
        model_variant.city_id = model_file.city_id
        and model_variant.model_version = model_file.model_version
        and model_variant.file_name = model_file.file_name
where
    model.city_id = %(city_id)s
    and model.model_version = %(model_version)s
