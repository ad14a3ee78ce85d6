-- A page of the models in place, by their cities' slugs: how good each is, how many versions there are of the
-- city's, and what became of the newest.
with found as materialized (
    select
        published_model.city_id,
        published_model.city_slug,
        published_model.city_name,
        published_model.model_version,
        published_model.published_at,
        published_model.map50,
        published_model.map50_95,
        published_model.test_photo_count,
        published_model.sight_photo_count,
        published_model.named_sight_photo_count
    from mart.published_model
    where
        strpos(lower(published_model.city_name), lower(%(search)s)) > 0
        or (%(slug)s <> '' and strpos(published_model.city_slug, %(slug)s) > 0)
        or strpos(lower(published_model.country), lower(%(search)s)) > 0
        or lower(published_model.city_id) = lower(%(search)s)
    order by published_model.city_slug
    limit
        %(most)s
        offset %(skipped)s
)

select
    found.city_slug as slug,
    found.city_name as name,
    found.model_version,
    found.published_at,
    found.map50,
    found.map50_95,
    found.test_photo_count,
    found.sight_photo_count,
    found.named_sight_photo_count,
    versions.version_count,
    newest.model_version as newest_version,
    newest.state as newest_state,
    newest.decision as newest_decision
from found
cross join
    lateral (
        select count(*) as version_count
        from core.model
        where model.city_id = found.city_id
    ) as versions
cross join
    lateral (
        select
            model.model_version,
            model.state,
            model.decision
        from core.model
        where model.city_id = found.city_id
        order by model.model_version desc
        limit 1
    ) as newest
order by found.city_slug
