-- What a model of ours was trained as; nothing for one that was taken over.
select training_run.request ->> 'architecture' as architecture
from core.model
inner join core.training_run on model.training_id = training_run.training_id
where
    model.city_id = %(city_id)s
    and model.model_version = %(model_version)s
