update core.city
set names = %(names)s
where
    city.city_id = %(city_id)s
    and city.names <> %(names)s
