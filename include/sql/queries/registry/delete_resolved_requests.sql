delete from load.city_request
where
    city_request.asked_name = %(asked_name)s
    and city_request.asked_at <= %(last_asked_at)s;
