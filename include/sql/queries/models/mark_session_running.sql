-- Seconds are billed from the first time that EC2 said running, and not from before the start,
-- should the server's clock have stepped back.
update core.instance_session
set running_at = greatest(now(), instance_session.started_at)
where
    instance_session.instance_id = %(instance_id)s
    and instance_session.stopped_at is null
    and instance_session.running_at is null
