select
    dataset_photo.sha256,
    photo.media_type,
    dataset_photo.split,
    coalesce(dataset_photo.link_sha256s, '{}') as link_sha256s,
    coalesce(
        jsonb_agg(
            jsonb_build_array(
                dataset_box.class_number, dataset_box.x1, dataset_box.y1, dataset_box.x2, dataset_box.y2
            )
            order by dataset_box.box_number
        ) filter (where dataset_box.box_number is not null),
        '[]'
    ) as boxes,
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
            region.city_id = %(city_id)s
            and region.dataset_version = %(dataset_version)s
            and region.sha256 = dataset_photo.sha256
    ) as ignored
from core.dataset_photo
inner join core.photo on dataset_photo.sha256 = photo.sha256
left join core.dataset_box
    on
        dataset_photo.city_id = dataset_box.city_id
        and dataset_photo.dataset_version = dataset_box.dataset_version
        and dataset_photo.sha256 = dataset_box.sha256
where
    dataset_photo.city_id = %(city_id)s
    and dataset_photo.dataset_version = %(dataset_version)s
group by dataset_photo.sha256, photo.media_type, dataset_photo.split, dataset_photo.link_sha256s
order by dataset_photo.sha256
