-- Of a city: sights that may be seen on photos. Of an id: that one, or what it was merged into.
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
    sight.sitelink_count,
    sight.state,
    sight.is_asymmetric
from core.sight
where
    (
        %(city_id)s::text is null
        or (
            sight.city_id = %(city_id)s
            and (
                sight.state in ('active', 'retired')
                -- What holds backgrounds is no sight.
                or (%(of_any_state)s and sight.state not in ('elsewhere', 'streets'))
            )
        )
    )
    and (
        %(sight_id)s::bigint is null
        or sight.sight_id = (
            select coalesce(asked.merged_into, asked.sight_id) as sight_id
            from core.sight as asked
            where asked.sight_id = %(sight_id)s
        )
    )
order by sight.city_id, sight.rank, sight.sight_id
