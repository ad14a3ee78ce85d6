-- What has succeeded stays so.
update core.training_run
set
    state = %(state)s,
    error = %(error)s,
    started_at = coalesce(training_run.started_at, now()),
    finished_at = now()
where
    training_run.training_id = %(training_id)s
    and training_run.state <> 'succeeded'
