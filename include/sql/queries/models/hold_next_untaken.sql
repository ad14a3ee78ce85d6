-- The row stays locked until the transaction ends: whoever takes the lease up waits for it.
update core.instance_lease
set handed_over_at = null
where
    instance_lease.instance_id = (
        select untaken.instance_id
        from core.instance_lease as untaken
        where
            untaken.handed_over_at <= now() - make_interval(secs => %(seconds)s)
            and not untaken.instance_id = any(%(left_out)s::text[])
        order by untaken.handed_over_at
        limit 1
        for update skip locked
    )
returning instance_lease.instance_id
