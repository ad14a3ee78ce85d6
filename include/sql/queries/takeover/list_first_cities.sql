-- Run on a database of the first SightScan. Concurrent loads made cities twice; what a load left
-- behind bears the name as it was typed.
select
    city.city_name,
    array[city.city_id] as city_ids,
    (
        select count(distinct fact.image_id)
        from integration_layer.fact_sights as fact
        where fact.city_id = city.city_id
    ) as image_count,
    (
        select count(*)
        from integration_layer.fact_models as fact
        where fact.city_id = city.city_id
    ) as model_count
from integration_layer.dim_sights_cities as city
union all
select
    left_behind.sight_city as city_name,
    array[]::integer[] as city_ids,
    count(*) as image_count,
    0 as model_count
from load_layer.sight_images as left_behind
group by left_behind.sight_city
order by city_name
