-- A launch of which nobody noted anything. One that was over when it was found counts if the instance
-- has been ours before: what its owner did with it until then is no bill of ours.
insert into core.instance_session (
    instance_id, instance_type, started_by, price_per_hour_usd, started_at, running_at, stopped_at,
    stopped_at_source, stopped_by
)
select
    %(instance_id)s as instance_id,
    %(instance_type)s as instance_type,
    'nobody' as started_by,
    %(price_per_hour_usd)s as price_per_hour_usd,
    %(launched_at)s as started_at,
    case when %(has_run)s then %(launched_at)s end as running_at,
    case
        when %(stopped_by)s::text is not null
            then greatest(coalesce(%(ended_at)s::timestamptz, now()), %(launched_at)s)
    end as stopped_at,
    case when %(stopped_by)s::text is not null then %(source)s end as stopped_at_source,
    %(stopped_by)s as stopped_by
where
    not exists (
        select 1
        from core.instance_session as known
        where
            known.instance_id = %(instance_id)s
            and (known.running_at >= %(launched_at)s or known.stopped_at is null)
    )
    and (
        %(stopped_by)s::text is null
        or exists (
            select 1
            from core.instance_session as earlier
            where earlier.instance_id = %(instance_id)s
        )
    )
on conflict (instance_id) where stopped_at is null do nothing
