delete from load.city_request
where city_request.asked_name = %(asked_name)s;
