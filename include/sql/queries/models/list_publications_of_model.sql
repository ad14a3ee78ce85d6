select
    publication.published_at,
    publication.published_by,
    publication.reason,
    publication.rolled_back_at,
    publication.rolled_back_by,
    publication.rolled_back_reason
from core.publication
where
    publication.city_id = %(city_id)s
    and publication.model_version = %(model_version)s
order by publication.publication_id
