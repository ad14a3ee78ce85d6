-- The row that holds a city's photos of sights elsewhere. There is one, and no person renames it.
insert into core.sight (city_id, name, normalised_name, rank, state)
values (%(city_id)s, 'Sights elsewhere', 'sights elsewhere', 1000000, 'elsewhere')
on conflict do nothing
