select city_request.city_id
from core.city_request
where
    city_request.asked_name = %(asked_name)s
    and city_request.city_id is not null
order by city_request.recorded_at desc
limit 1;
