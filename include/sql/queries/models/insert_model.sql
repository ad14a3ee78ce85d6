-- One model a training: registering again changes nothing.
insert into core.model (
    city_id, model_version, dataset_version, training_id, class_names, image_size,
    onnx_sha256, weights_sha256, map50, map50_95, class_metrics, result, onnx_signature, onnx_signed_by
)
select
    %(city_id)s as city_id,
    coalesce(max(model.model_version), 0) + 1 as model_version,
    %(dataset_version)s as dataset_version,
    %(training_id)s as training_id,
    %(class_names)s::text[] as class_names,
    %(image_size)s as image_size,
    %(onnx_sha256)s as onnx_sha256,
    %(weights_sha256)s as weights_sha256,
    %(map50)s as map50,
    %(map50_95)s as map50_95,
    %(class_metrics)s as class_metrics,
    %(result)s as result,
    %(onnx_signature)s as onnx_signature,
    %(onnx_signed_by)s as onnx_signed_by
from core.model
where model.city_id = %(city_id)s
on conflict (training_id) do nothing
returning model_version
