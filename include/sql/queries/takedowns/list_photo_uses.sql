-- The frozen datasets that hold these photos, and the models that came of them.
select
    city.slug as city_slug,
    dataset_photo.dataset_version,
    dataset_photo.split,
    count(distinct dataset_photo.sha256) as photo_count,
    coalesce(
        array_agg(distinct model.model_version) filter (where model.model_version is not null), '{}'
    ) as model_versions,
    max(published_model.model_version) as version_in_place
from core.dataset_photo
inner join core.city on dataset_photo.city_id = city.city_id
left join core.model
    on
        dataset_photo.city_id = model.city_id
        and dataset_photo.dataset_version = model.dataset_version
left join mart.published_model
    on
        model.city_id = published_model.city_id
        and model.model_version = published_model.model_version
where dataset_photo.sha256 = any(%(sha256s)s)
group by city.slug, dataset_photo.dataset_version, dataset_photo.split
order by city.slug, dataset_photo.dataset_version, dataset_photo.split;
