select
    sight.sight_id,
    sight.city_id,
    sight.name,
    sight.rank,
    sight.wikidata_id,
    sight.names,
    sight.aliases,
    sight.latitude,
    sight.longitude,
    sight.commons_category,
    sight.freebase_id,
    sight.knowledge_graph_id,
    sight.place_id,
    sight.sitelink_count
from core.sight
where
    (%(city_id)s::text is null or sight.city_id = %(city_id)s)
    and (%(sight_id)s::bigint is null or sight.sight_id = %(sight_id)s)
    and sight.state = 'active'
order by sight.city_id, sight.rank, sight.sight_id
