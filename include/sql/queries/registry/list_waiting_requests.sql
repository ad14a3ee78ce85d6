-- Names that wait, one row each as typed, the oldest first; one that was looked up without an answer
-- waits for twice as long each time, up to a day, and goes behind the others. What the inbox holds
-- was written by strangers: nothing of it but the name is read here.
select city_request.asked_name
from load.city_request
group by city_request.asked_name
having
    case
        when max(city_request.tried_at) between now() - interval '1 day' and now()
            then
                max(city_request.tried_at)
                + make_interval(mins => least(5 * 2 ^ least(max(city_request.try_count), 20), 1440)::integer)
                <= now()
        else true
    end
order by max(city_request.tried_at) asc nulls first, min(city_request.asked_at) asc, city_request.asked_name asc
limit %(most)s;
