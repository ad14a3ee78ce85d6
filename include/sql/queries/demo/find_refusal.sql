select case city_request.stage when 'refused' then city_request.detail end as detail
from core.city_request
where city_request.asked_name = %(asked_name)s
order by city_request.recorded_at desc
limit 1;
