-- What is known of a version of a city's model, but for what is a list of its own.
select
    city.slug as city_slug,
    city.name as city_name,
    model.model_version,
    model.state,
    model.decision,
    model.recorded_at,
    model.class_names,
    dataset.sight_ids,
    model.hidden_sight_ids,
    model.image_size,
    model.map50,
    model.map50_95,
    model.class_metrics,
    model.shipped,
    model.dataset_version,
    dataset.train_count,
    dataset.val_count,
    dataset.test_count,
    dataset.train_background_count,
    dataset.val_background_count,
    dataset.test_background_count,
    training_run.dag_id,
    training_run.run_id,
    training_run.request,
    training_run.epoch_metrics,
    encode(model.onnx_sha256, 'hex') as onnx_sha256,
    octet_length(model_file.bytes)::bigint as onnx_bytes,
    translate(encode(model.onnx_signed_by, 'base64'), E'\n', '') as signed_by,
    encode(dataset.sha256, 'hex') as dataset_sha256,
    coalesce(in_place.model_version = model.model_version, false) as is_in_place
from core.model
inner join core.city on model.city_id = city.city_id
inner join core.dataset
    on
        model.city_id = dataset.city_id
        and model.dataset_version = dataset.dataset_version
inner join core.training_run on model.training_id = training_run.training_id
left join core.model_file
    on
        model.city_id = model_file.city_id
        and model.model_version = model_file.model_version
        and model_file.file_name = 'model.onnx'
left join lateral (
    select publication.model_version
    from core.publication
    where publication.city_id = model.city_id
    order by publication.publication_id desc
    limit 1
) as in_place on true
where
    model.city_id = %(city_id)s
    and model.model_version = %(model_version)s
