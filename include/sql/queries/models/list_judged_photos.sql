-- What a model showed on each test photo, what is there, and whom the photo is by, if it is still here.
select
    model_test_photo.sha256,
    model_test_photo.shown,
    first_source.licence,
    first_source.author,
    first_source.page_url,
    photo.sha256 is not null as is_here,
    (
        select
            coalesce(
                jsonb_agg(
                    jsonb_build_array(
                        dataset_box.class_number, dataset_box.x1, dataset_box.y1, dataset_box.x2, dataset_box.y2
                    )
                    order by dataset_box.box_number
                ),
                '[]'
            )
        from core.dataset_box
        where
            dataset_box.city_id = model.city_id
            and dataset_box.dataset_version = model.dataset_version
            and dataset_box.sha256 = model_test_photo.sha256
    ) as truths,
    (
        select
            coalesce(
                jsonb_agg(
                    jsonb_build_array(region.x1, region.y1, region.x2, region.y2)
                    order by region.region_number
                ),
                '[]'
            )
        from core.dataset_ignored_region as region
        where
            region.city_id = model.city_id
            and region.dataset_version = model.dataset_version
            and region.sha256 = model_test_photo.sha256
    ) as ignored
from core.model_test_photo
inner join core.model
    on
        model_test_photo.city_id = model.city_id
        and model_test_photo.model_version = model.model_version
left join core.photo on model_test_photo.sha256 = photo.sha256
left join lateral (
    select
        photo_source.licence,
        nullif(btrim(photo_source.author), '') as author,
        coalesce(photo_source.page_url, photo_source.url) as page_url
    from core.photo_source
    where photo_source.sha256 = model_test_photo.sha256
    order by photo_source.recorded_at, photo_source.url_sha256, photo_source.sight_id
    limit 1
) as first_source on true
where
    model_test_photo.city_id = %(city_id)s
    and model_test_photo.model_version = %(model_version)s
order by model_test_photo.sha256
