-- The key of the table decides between the reaper and whoever leases: an instance has one row. What
-- is there already is taken over if it is the dead lease that was looked at, or a claim that was
-- left over.
with claim as (
    insert into core.instance_lease as held (instance_id, dag_id, run_id, deadline_at)
    values (
        %(instance_id)s, %(claimant)s, %(instance_id)s || ' ' || %(claim)s,
        now() + make_interval(secs => %(seconds)s)
    )
    on conflict (instance_id) do update
        set
            city_id = null,
            dag_id = excluded.dag_id,
            run_id = excluded.run_id,
            leased_at = now(),
            deadline_at = excluded.deadline_at,
            quiet_since = null
        where
        (
            held.dag_id = %(dag_id)s::text
            and held.run_id = %(run_id)s::text
            and held.leased_at = %(leased_at)s::timestamptz
        )
        or (
            held.city_id is null
            and (held.deadline_at <= now() or held.run_id = excluded.run_id)
        )
    returning held.instance_id
),

released as (
    update core.lease_use
    set released_at = greatest(now(), lease_use.leased_at)
    from claim
    where
        lease_use.instance_id = claim.instance_id
        and lease_use.released_at is null
)

select claim.instance_id
from claim
