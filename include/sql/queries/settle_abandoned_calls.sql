update core.paid_call
set
    state = 'unknown',
    error = 'the worker ended between the reservation and the answer',
    settled_at = clock_timestamp(),
    changed_at = now()
where
    paid_call.provider = %(provider)s
    and paid_call.feature = %(feature)s
    and paid_call.state = 'reserved'
    and (
        paid_call.reserved_at < now() - make_interval(secs => %(older_than_seconds)s)
        or (paid_call.dag_id = %(dag_id)s and paid_call.run_id = %(run_id)s)
    );
