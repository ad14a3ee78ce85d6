-- How many of the cities that are searched for have a model in place.
select count(*) as model_count
from mart.published_model
where
    strpos(lower(published_model.city_name), lower(%(search)s)) > 0
    or (%(slug)s <> '' and strpos(published_model.city_slug, %(slug)s) > 0)
    or strpos(lower(published_model.country), lower(%(search)s)) > 0
    or lower(published_model.city_id) = lower(%(search)s)
