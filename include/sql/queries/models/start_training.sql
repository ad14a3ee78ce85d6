-- A second start (a retry) keeps the time of the first.
update core.training_run
set
    state = 'running',
    session_id = coalesce(
        (
            select instance_session.session_id
            from core.instance_session
            where
                instance_session.instance_id = %(instance_id)s
                and instance_session.stopped_at is null
        ),
        training_run.session_id
    ),
    started_at = coalesce(training_run.started_at, now()),
    finished_at = null,
    error = null
where
    training_run.training_id = %(training_id)s
    and training_run.state <> 'succeeded'
