select coalesce(model.result -> 'samples', '[]') as samples
from core.model
where
    model.city_id = %(city_id)s
    and model.model_version = %(model_version)s
