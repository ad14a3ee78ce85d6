select
    dataset_photo.split,
    encode(dataset_photo.sha256, 'hex') as sha256
from mart.published_model
inner join core.model
    on
        published_model.city_id = model.city_id
        and published_model.model_version = model.model_version
inner join core.dataset_photo
    on
        model.city_id = dataset_photo.city_id
        and model.dataset_version = dataset_photo.dataset_version
where published_model.city_slug = %(slug)s
order by dataset_photo.sha256;
