-- The row that holds a city's photos of one kind of backgrounds. There is one, and no person renames it;
-- none comes back if a sight is called like it.
insert into core.sight (city_id, name, normalised_name, rank, state, commons_category)
values (%(city_id)s, %(name)s, %(normalised_name)s, 1000000, %(state)s, %(commons_category)s)
on conflict (city_id, normalised_name) where wikidata_id is null
do update
    set commons_category = excluded.commons_category
    where sight.state = excluded.state
returning sight.sight_id
