-- Sights that Wikidata knows: its id is their identity, everything else may change.
insert into core.sight (
    city_id, wikidata_id, name, normalised_name, names, aliases, latitude, longitude,
    commons_category, freebase_id, knowledge_graph_id, place_id, rank, sitelink_count
)
select
    %(city_id)s,
    given.wikidata_id,
    given.name,
    given.normalised_name,
    given.names,
    array(select jsonb_array_elements_text(given.aliases)) as aliases,
    given.latitude,
    given.longitude,
    given.commons_category,
    given.freebase_id,
    given.knowledge_graph_id,
    given.place_id,
    given.rank,
    given.sitelink_count
from
    jsonb_to_recordset(%(sights)s)
        as given (
            wikidata_id text,
            name text,
            normalised_name text,
            names jsonb,
            aliases jsonb,
            latitude double precision,
            longitude double precision,
            commons_category text,
            freebase_id text,
            knowledge_graph_id text,
            place_id text,
            rank integer,
            sitelink_count integer
        )
order by given.wikidata_id
on conflict (city_id, wikidata_id) where wikidata_id is not null do update
    set
        name = excluded.name,
        normalised_name = excluded.normalised_name,
        names = excluded.names,
        aliases = excluded.aliases,
        latitude = excluded.latitude,
        longitude = excluded.longitude,
        commons_category = excluded.commons_category,
        freebase_id = excluded.freebase_id,
        knowledge_graph_id = excluded.knowledge_graph_id,
        place_id = coalesce(excluded.place_id, sight.place_id),
        rank = excluded.rank,
        sitelink_count = excluded.sitelink_count
returning sight_id, wikidata_id
