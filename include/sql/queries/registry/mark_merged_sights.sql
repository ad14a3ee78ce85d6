-- What was merged into a sight that is merged now goes where that one goes.
update core.sight
set
    state = 'merged',
    merged_into = pairs.survivor_id
from
    unnest(%(merged_ids)s::bigint[], %(survivor_ids)s::bigint[])
        as pairs (merged_id, survivor_id)
where
    (sight.sight_id = pairs.merged_id or sight.merged_into = pairs.merged_id)
    and sight.sight_id <> pairs.survivor_id
    and sight.state in ('active', 'retired', 'dropped', 'merged')
