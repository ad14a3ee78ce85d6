-- By version, by training, or, with neither given, the newest.
select
    model.city_id,
    model.model_version,
    model.dataset_version,
    model.class_names,
    model.hidden_sight_ids,
    dataset.sight_ids,
    model.image_size,
    model.onnx_sha256,
    model.onnx_signature,
    model.onnx_signed_by,
    model.weights_sha256,
    model.map50,
    model.map50_95,
    model.state,
    model.decision
from core.model
inner join core.dataset
    on
        model.city_id = dataset.city_id
        and model.dataset_version = dataset.dataset_version
where
    model.city_id = %(city_id)s
    and (%(model_version)s::integer is null or model.model_version = %(model_version)s)
    and (%(training_id)s::bigint is null or model.training_id = %(training_id)s)
order by model.model_version desc
limit 1
