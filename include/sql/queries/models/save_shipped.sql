update core.model
set shipped = %(shipped)s
where
    model.city_id = %(city_id)s
    and model.model_version = %(model_version)s
