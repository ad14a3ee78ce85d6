-- The last publication of a city counts.
select publication.model_version
from core.publication
where publication.city_id = %(city_id)s
order by publication.publication_id desc
limit 1
