-- How many of the cities that were let in, and that are searched for, are how far.
select
    city_stage.stage,
    count(*) as city_count
from core.city
inner join mart.city_stage on city.city_id = city_stage.city_id
where
    city.state = any(%(states)s)
    and (
        strpos(lower(city.name), lower(%(search)s)) > 0
        or (%(slug)s <> '' and strpos(city.slug, %(slug)s) > 0)
        or strpos(lower(city.country), lower(%(search)s)) > 0
        or lower(city.city_id) = lower(%(search)s)
    )
group by city_stage.stage
