-- The model that was in place last before model %(present)s, of those that were not taken back.
with last_publication as (
    select distinct on (publication.model_version)
        publication.model_version,
        publication.publication_id,
        publication.rolled_back_at
    from core.publication
    where publication.city_id = %(city_id)s
    order by publication.model_version asc, publication.publication_id desc
)

select last_publication.model_version
from last_publication
where
    last_publication.rolled_back_at is null
    and last_publication.model_version <> %(present)s
order by last_publication.publication_id desc
limit 1
