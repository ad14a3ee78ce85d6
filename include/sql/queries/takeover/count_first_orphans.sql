-- Run on a database of the first SightScan: images that belong to no city.
select count(*)
from integration_layer.dim_sights_images as image
left join integration_layer.fact_sights as fact on image.image_id = fact.image_id
where fact.image_id is null
