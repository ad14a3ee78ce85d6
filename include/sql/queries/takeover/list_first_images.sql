-- Run on a database of the first SightScan: the images of a city without their bytes.
select
    false as is_left_behind,
    image.image_id,
    image.image_source as source,
    octet_length(image.image_file) as byte_count,
    image.image_labels is not null
    or image.image_source in (
        select label.sight_image_data_source from load_layer.sight_image_labels as label
    ) as is_labelled
from integration_layer.dim_sights_images as image
where
    image.image_id in (
        select fact.image_id
        from integration_layer.fact_sights as fact
        where fact.city_id = any(%(city_ids)s)
    )
union all
select
    true as is_left_behind,
    left_behind.id as image_id,
    left_behind.sight_image_data_source as source,
    octet_length(left_behind.sight_image) as byte_count,
    left_behind.sight_image_data_source in (
        select label.sight_image_data_source from load_layer.sight_image_labels as label
    ) as is_labelled
from load_layer.sight_images as left_behind
where left_behind.sight_city = any(%(spellings)s)
order by is_left_behind, image_id
