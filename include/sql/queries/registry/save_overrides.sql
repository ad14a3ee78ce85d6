update core.city
set overrides = %(overrides)s
where city.city_id = %(city_id)s
returning
    city_id, slug, name, country, latitude, longitude, radius_meters, state, overrides
