insert into core.model (
    city_id, model_version, dataset_version, training_id, class_names, image_size, onnx_sha256,
    weights_sha256, map50, map50_95, class_metrics, result, state, decision, recorded_at
)
select
    city_id, 1, 1, training_id, class_names, 640, sha256('onnx'), sha256('weights'), 0.9, 0.6,
    (
        select jsonb_agg(
            jsonb_build_object('name', name, 'map50', 0.9, 'map50_95', 0.6, 'photos', 1, 'boxes', 1)
        )
        from unnest(class_names) as name
    ),
    '{}', 'published', 'first', %(end_at)s - interval '1 day'
from core.training_run
inner join core.dataset using (city_id, dataset_version)
