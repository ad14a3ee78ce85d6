select
    city_request.asked_name,
    (array_agg(city_request.request_id order by city_request.asked_at))[1] as request_id,
    min(city_request.asked_at) as asked_at,
    max(city_request.asked_at) as last_asked_at,
    count(distinct city_request.asked_by)::integer as vote_count
from load.city_request
group by city_request.asked_name
order by min(city_request.asked_at), city_request.asked_name;
