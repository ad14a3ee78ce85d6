-- The row changes hands whole: there is no moment in which nobody holds the instance.
with handed_over as (
    update core.instance_lease
    set
        city_id = %(next_city_id)s,
        dag_id = %(next_dag_id)s,
        run_id = %(next_run_id)s,
        leased_at = now(),
        deadline_at = now() + make_interval(secs => %(seconds)s),
        handed_over_at = now(),
        refused_starts = 0,
        quiet_since = null
    where
        instance_lease.instance_id = %(instance_id)s
        and instance_lease.dag_id = %(dag_id)s
        and instance_lease.run_id = %(run_id)s
        and instance_lease.deadline_at > now()
    returning instance_lease.instance_id
),

released as (
    update core.lease_use
    set released_at = greatest(now(), lease_use.leased_at)
    where
        lease_use.dag_id = %(dag_id)s
        and lease_use.run_id = %(run_id)s
        and lease_use.released_at is null
        and exists (select 1 from handed_over)
)

delete from core.lease_request
where
    lease_request.dag_id = %(next_dag_id)s
    and lease_request.run_id = %(next_run_id)s
    and exists (select 1 from handed_over)
returning lease_request.run_id
