-- Run on a database of the first SightScan. Labels that a load left behind are those of its source.
with left_behind_label as (
    select distinct on (label.sight_image_data_source)
        label.sight_image_data_source as image_source,
        label.sight_labels
    from load_layer.sight_image_labels as label
    order by label.sight_image_data_source asc, label.id desc
)

select
    false as is_left_behind,
    image.image_id,
    image.image_file,
    to_jsonb(coalesce(image.image_labels, left_behind_label.sight_labels)) as labels,
    (
        select to_timestamp(min(stored.timestamp_unix))
        from integration_layer.fact_sights as fact
        inner join integration_layer.dim_sights_timestamps as stored on fact.timestamp_id = stored.timestamp_id
        where fact.image_id = image.image_id
    ) as found_at
from integration_layer.dim_sights_images as image
left join left_behind_label on image.image_source = left_behind_label.image_source
where image.image_id = any(%(image_ids)s)
union all
select
    true as is_left_behind,
    left_behind.id as image_id,
    left_behind.sight_image as image_file,
    to_jsonb(left_behind_label.sight_labels) as labels,
    null as found_at
from load_layer.sight_images as left_behind
left join left_behind_label on left_behind.sight_image_data_source = left_behind_label.image_source
where left_behind.id = any(%(left_behind_ids)s)
order by is_left_behind, image_id
