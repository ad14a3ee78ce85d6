-- What a model learnt from, and what the models learnt from that it was trained from, one from the other.
with recursive ancestor as (
    select
        model.dataset_version,
        training_run.request ->> 'weights' as weights
    from core.model
    inner join core.training_run on model.training_id = training_run.training_id
    where model.city_id = %(city_id)s and model.model_version = %(model_version)s
    union
    select
        earlier.dataset_version,
        earlier_run.request ->> 'weights' as weights
    from ancestor
    inner join core.model as earlier
        on
            earlier.city_id = %(city_id)s
            and ancestor.weights = 'weights-' || encode(earlier.weights_sha256, 'hex') || '.safetensors'
    inner join core.training_run as earlier_run on earlier.training_id = earlier_run.training_id
)

select distinct dataset_photo.sha256
from ancestor
inner join core.dataset_photo on ancestor.dataset_version = dataset_photo.dataset_version
where dataset_photo.city_id = %(city_id)s and dataset_photo.split = 'train'
