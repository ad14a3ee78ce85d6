delete from core.model_example
where
    model_example.city_id = %(city_id)s
    and model_example.model_version = %(model_version)s
