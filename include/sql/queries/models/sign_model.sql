update core.model
set
    onnx_signature = %(onnx_signature)s,
    onnx_signed_by = %(onnx_signed_by)s
where
    model.city_id = %(city_id)s
    and model.model_version = %(model_version)s
