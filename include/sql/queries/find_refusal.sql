select city_request.detail
from core.city_request
where city_request.asked_name = %(asked_name)s
order by city_request.recorded_at desc
limit 1;
