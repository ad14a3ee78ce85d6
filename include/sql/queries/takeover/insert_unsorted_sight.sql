insert into core.sight (city_id, name, normalised_name, rank, state)
values (%(city_id)s, 'Unsorted photos', 'unsorted photos', 1000000, 'unsorted')
on conflict (city_id, normalised_name) where wikidata_id is null do nothing
