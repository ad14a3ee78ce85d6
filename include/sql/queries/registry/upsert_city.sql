-- The slug of a city that is there already stays: DAG ids and folders hang on it.
insert into core.city (
    city_id, slug, name, country, latitude, longitude, radius_meters, overrides, state
)
values (
    %(city_id)s, %(slug)s, %(name)s, %(country)s, %(latitude)s, %(longitude)s, %(radius_meters)s,
    %(overrides)s, %(state)s
)
on conflict (city_id) do update
    set
        name = excluded.name,
        country = excluded.country,
        latitude = excluded.latitude,
        longitude = excluded.longitude,
        radius_meters = excluded.radius_meters,
        overrides = city.overrides || excluded.overrides,
        -- Who asks in the app puts nothing out of action that a person has let in meanwhile.
        state = case excluded.state when 'waiting' then city.state else excluded.state end
returning
    city_id, slug, name, country, latitude, longitude, radius_meters, state, overrides
