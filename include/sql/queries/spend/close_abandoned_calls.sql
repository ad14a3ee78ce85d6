-- Never marked as sent: provably not sent, released. Marked: nobody knows.
update core.paid_call
set
    state = case when paid_call.sent_at is null then 'failed' else 'unknown' end,
    error = case
        when paid_call.sent_at is null then 'released: the worker ended before it was sent'
        else 'the worker ended between the reservation and the answer'
    end,
    settled_at = clock_timestamp(),
    changed_at = now()
where
    paid_call.provider = %(provider)s
    and paid_call.feature = %(feature)s
    and paid_call.state = 'reserved'
    and (
        paid_call.reserved_at < now() - make_interval(secs => %(older_than_seconds)s)
        or (paid_call.dag_id = %(dag_id)s and paid_call.run_id = %(run_id)s)
    )
returning paid_call.state;
