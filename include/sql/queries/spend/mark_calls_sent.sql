-- Those that another worker has given up meanwhile are left out: they must not be sent.
update core.paid_call
set sent_at = clock_timestamp()
where
    paid_call.call_id = any(%(call_ids)s::bigint[])
    and paid_call.state = 'reserved'
returning paid_call.call_id;
