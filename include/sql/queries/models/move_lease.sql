-- To the next free one of the list, round about; nothing runs under this lease yet, so that its
-- deadline counts from now.
update core.instance_lease
set
    instance_id = next_instance.instance_id,
    leased_at = now(),
    deadline_at = now() + (instance_lease.deadline_at - instance_lease.leased_at),
    refused_starts = 0
from (
    select wanted.instance_id
    from unnest(%(instance_ids)s::text[]) with ordinality as wanted (instance_id, place)
    left join core.instance_lease as held on wanted.instance_id = held.instance_id
    where held.instance_id is null
    order by
        wanted.place > coalesce(array_position(%(instance_ids)s::text[], %(refused_id)s::text), 0) desc,
        wanted.place asc
    limit 1
) as next_instance
where
    instance_lease.dag_id = %(dag_id)s
    and instance_lease.run_id = %(run_id)s
returning instance_lease.instance_id
