-- One discovery of a city at a time.
select city.city_id
from core.city
where city.city_id = %(city_id)s
for update
