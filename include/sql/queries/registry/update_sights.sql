-- Identity is the Wikidata id, else the name; everything else may change. What discover finds again
-- is active again; the sight that holds unsorted photos stays what it is.
update core.sight
set
    name = given.name,
    normalised_name = given.normalised_name,
    names = given.names,
    aliases = given.aliases,
    latitude = given.latitude,
    longitude = given.longitude,
    commons_category = given.commons_category,
    freebase_id = given.freebase_id,
    knowledge_graph_id = given.knowledge_graph_id,
    place_id = coalesce(given.place_id, sight.place_id),
    rank = given.rank,
    sitelink_count = given.sitelink_count,
    is_asymmetric = given.is_asymmetric,
    state = case sight.state when 'unsorted' then sight.state else 'active' end,
    merged_into = null
from
    jsonb_to_recordset(%(sights)s)
        as given (
            turn integer,
            wikidata_id text,
            name text,
            normalised_name text,
            names jsonb,
            aliases text[],
            latitude double precision,
            longitude double precision,
            commons_category text,
            freebase_id text,
            knowledge_graph_id text,
            place_id text,
            rank integer,
            sitelink_count integer,
            is_asymmetric boolean
        )
where
    sight.city_id = %(city_id)s
    and (
        sight.wikidata_id = given.wikidata_id
        or (
            sight.wikidata_id is null
            and given.wikidata_id is null
            and sight.normalised_name = given.normalised_name
        )
    )
returning given.turn, sight.sight_id
