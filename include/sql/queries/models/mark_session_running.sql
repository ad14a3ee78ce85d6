-- Seconds are billed from the first time that EC2 said running.
update core.instance_session
set running_at = now()
where
    instance_session.instance_id = %(instance_id)s
    and instance_session.stopped_at is null
    and instance_session.running_at is null
