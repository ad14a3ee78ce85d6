-- The sights that are not there yet, known by Wikidata id, else by name; update_sights fills them.
insert into core.sight (city_id, wikidata_id, name, normalised_name, rank)
select
    %(city_id)s,
    given.wikidata_id,
    given.name,
    given.normalised_name,
    given.rank
from
    jsonb_to_recordset(%(sights)s)
        as given (wikidata_id text, name text, normalised_name text, rank integer)
order by given.wikidata_id, given.normalised_name
on conflict do nothing
