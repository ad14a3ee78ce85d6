-- Grain: one row per photo of the dataset of a judged version, of those that are still here.
create view mart.model_credit as
select
    model.city_id,
    city.slug as city_slug,
    model.model_version,
    dataset_photo.split,
    credit.author,
    credit.title,
    credit.licence,
    credit.licence_url,
    encode(dataset_photo.sha256, 'hex') as sha256,
    coalesce(credit.page_url, credit.url) as page_url
from core.model
inner join core.city on model.city_id = city.city_id
inner join core.dataset_photo
    on
        model.city_id = dataset_photo.city_id
        and model.dataset_version = dataset_photo.dataset_version
cross join
    lateral (
        select
            photo_source.url,
            photo_source.page_url,
            photo_source.licence,
            photo_source.licence_url,
            photo_source.author,
            photo_source.title
        from core.photo_source
        where photo_source.sha256 = dataset_photo.sha256
        order by photo_source.recorded_at asc, photo_source.url_sha256 asc, photo_source.sight_id asc
        limit 1
    ) as credit
where model.state in ('published', 'refused');

comment on view mart.model_credit is 'One row per photo that a judged version learnt from or was judged on: whom to name.';
comment on column mart.model_credit.city_id is 'The city.';
comment on column mart.model_credit.city_slug is 'Its ASCII name.';
comment on column mart.model_credit.model_version is 'The model.';
comment on column mart.model_credit.split is 'train, val or test.';
comment on column mart.model_credit.sha256 is 'The photo, in hex.';
comment on column mart.model_credit.author is 'Who made it, as plain text.';
comment on column mart.model_credit.title is 'Title in the catalogue.';
comment on column mart.model_credit.licence is 'Short name of the licence.';
comment on column mart.model_credit.licence_url is 'Text of the licence.';
comment on column mart.model_credit.page_url is 'The page that describes it.';
