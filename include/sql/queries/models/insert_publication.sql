insert into core.publication (city_id, model_version, published_by, reason)
values (%(city_id)s, %(model_version)s, %(published_by)s, %(reason)s)
