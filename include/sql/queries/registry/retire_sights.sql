-- Sights of the city that were not found this time: they stay, behind those that were.
with behind as (
    select
        sight.sight_id,
        row_number() over (order by sight.rank, sight.sight_id) as turn
    from core.sight
    where
        sight.city_id = %(city_id)s
        and sight.state in ('active', 'retired', 'dropped')
        and not (sight.sight_id = any(%(kept_ids)s::bigint[]))
)

update core.sight
set
    state = case when sight.sight_id = any(%(dropped_ids)s::bigint[]) then 'dropped' else 'retired' end,
    rank = cardinality(%(kept_ids)s::bigint[]) + behind.turn
from behind
inner join core.sight as before on behind.sight_id = before.sight_id
where sight.sight_id = behind.sight_id
returning sight.sight_id, sight.name, sight.state, before.state as state_before
