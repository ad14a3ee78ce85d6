-- list_published_splits
-- The photos of the dataset of a city's model, with all addresses under which they were found.
select
    dataset_photo.split,
    dataset_photo.sha256,
    photo.width_pixels,
    photo.height_pixels,
    array_remove(
        array_agg(photo_source.url order by photo_source.recorded_at, photo_source.url)
        || array_agg(photo_source.page_url order by photo_source.recorded_at, photo_source.url),
        null
    ) as addresses
from mart.published_model
inner join core.model
    on
        published_model.city_id = model.city_id
        and published_model.model_version = model.model_version
inner join core.dataset_photo
    on
        model.city_id = dataset_photo.city_id
        and model.dataset_version = dataset_photo.dataset_version
inner join core.photo on dataset_photo.sha256 = photo.sha256
left join core.photo_source on dataset_photo.sha256 = photo_source.sha256
where published_model.city_slug = %(slug)s
group by dataset_photo.split, dataset_photo.sha256, photo.width_pixels, photo.height_pixels
order by dataset_photo.sha256;
