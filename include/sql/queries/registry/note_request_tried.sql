-- Before the look-up, so that a name that ends the task goes behind the others all the same.
update load.city_request
set
    tried_at = now(),
    try_count = least(greatest(city_request.try_count, 0), 1000) + 1
where city_request.asked_name = %(asked_name)s
returning city_request.try_count;
