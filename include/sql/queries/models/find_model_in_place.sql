-- The last publication of a city counts; with %(before)s, the last one of another model.
select publication.model_version
from core.publication
where
    publication.city_id = %(city_id)s
    and (%(before)s::integer is null or publication.model_version <> %(before)s)
order by publication.publication_id desc
limit 1
