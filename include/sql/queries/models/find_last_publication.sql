-- The last time that a model was put in place, and whether that was taken back.
select
    publication.publication_id,
    publication.rolled_back_by,
    publication.rolled_back_reason
from core.publication
where
    publication.city_id = %(city_id)s
    and publication.model_version = %(model_version)s
order by publication.publication_id desc
limit 1
