-- All models of a city, the newest first.
select
    model.model_version,
    model.state,
    model.recorded_at,
    model.map50_95,
    coalesce(in_place.model_version = model.model_version, false) as is_in_place
from core.model
left join lateral (
    select publication.model_version
    from core.publication
    where publication.city_id = model.city_id
    order by publication.publication_id desc
    limit 1
) as in_place on true
where model.city_id = %(city_id)s
order by model.model_version desc
