select
    training_run.training_id,
    training_run.city_id,
    city.slug,
    training_run.dataset_version,
    dataset.sha256,
    training_run.request,
    training_run.state
from core.training_run
inner join core.dataset
    on
        training_run.city_id = dataset.city_id
        and training_run.dataset_version = dataset.dataset_version
inner join core.city on training_run.city_id = city.city_id
where
    training_run.dag_id = %(dag_id)s
    and training_run.run_id = %(run_id)s
