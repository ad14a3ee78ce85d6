-- By version, by contents, or by the run that froze it: whichever parameter is given.
select
    dataset.city_id,
    city.slug,
    dataset.dataset_version,
    dataset.sha256,
    dataset.class_names,
    dataset.sight_ids,
    dataset.train_count,
    dataset.val_count,
    dataset.test_count,
    dataset.sights,
    dataset.train_background_count,
    dataset.val_background_count,
    dataset.test_background_count,
    (
        select coalesce(jsonb_object_agg(by_photo.name, by_photo.regions), '{}')
        from (
            select
                encode(region.sha256, 'hex') as name,
                jsonb_agg(
                    jsonb_build_array(region.x1, region.y1, region.x2, region.y2)
                    order by region.region_number
                ) as regions
            from core.dataset_ignored_region as region
            where
                region.city_id = dataset.city_id
                and region.dataset_version = dataset.dataset_version
            group by region.sha256
        ) as by_photo
    ) as ignored_regions
from core.dataset
inner join core.city on dataset.city_id = city.city_id
where
    dataset.city_id = %(city_id)s
    and (%(dataset_version)s::integer is null or dataset.dataset_version = %(dataset_version)s)
    and (%(sha256)s::bytea is null or dataset.sha256 = %(sha256)s)
    and (%(dag_id)s::text is null or dataset.dag_id = %(dag_id)s)
    and (%(run_id)s::text is null or dataset.run_id = %(run_id)s)
order by dataset.dataset_version desc
limit 1
