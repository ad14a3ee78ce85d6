-- EC2's clock may be behind the one by which the start was asked for.
update core.instance_session
set
    running_at = %(launched_at)s,
    started_at = least(instance_session.started_at, %(launched_at)s)
where
    instance_session.instance_id = %(instance_id)s
    and instance_session.stopped_at is null
    and instance_session.running_at is null
