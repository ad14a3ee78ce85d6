select
    model_variant.file_name,
    model_variant.image_size,
    model_variant.state,
    model_variant.onnx_signature,
    model_variant.onnx_signed_by,
    -- What the trainer saw it answer, to compare with.
    coalesce(model.result #> '{live,samples}', '[]') as samples
from core.model_variant
inner join core.model
    on
        model_variant.city_id = model.city_id
        and model_variant.model_version = model.model_version
where
    model_variant.city_id = %(city_id)s
    and model_variant.model_version = %(model_version)s
    and model_variant.kind = %(kind)s
