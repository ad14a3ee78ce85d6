insert into core.model_variant (
    city_id, model_version, kind, file_name, sha256, image_size, precision,
    latency_milliseconds, latency_processor, map50, map50_95, onnx_signature, onnx_signed_by
)
values (
    %(city_id)s, %(model_version)s, %(kind)s, %(file_name)s, %(sha256)s, %(image_size)s,
    %(precision)s, %(latency_milliseconds)s, %(latency_processor)s, %(map50)s, %(map50_95)s,
    %(onnx_signature)s, %(onnx_signed_by)s
)
