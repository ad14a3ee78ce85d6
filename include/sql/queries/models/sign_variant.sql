update core.model_variant
set
    onnx_signature = %(onnx_signature)s,
    onnx_signed_by = %(onnx_signed_by)s
where
    model_variant.city_id = %(city_id)s
    and model_variant.model_version = %(model_version)s
    and model_variant.kind = %(kind)s
