select city.city_id from core.city
order by city.city_id
limit 1
