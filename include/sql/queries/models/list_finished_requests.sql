-- Which requests of a dataset came to a model already: asked again, a host still has their result.
select training_run.request
from core.training_run
where
    training_run.city_id = %(city_id)s
    and training_run.dataset_version = %(dataset_version)s
    and training_run.state = 'succeeded'
