-- Unknown for longer than an answer can still come. Still counted; the next attempt counts beside it.
update core.paid_call
set
    resend_allowed_at = now(),
    resend_allowed_by = %(allowed_by)s
where
    paid_call.city_id = %(city_id)s
    and paid_call.provider = %(provider)s
    and paid_call.feature = %(feature)s
    and paid_call.state = 'unknown'
    and paid_call.resend_allowed_at is null
    and paid_call.settled_at < now() - make_interval(secs => %(older_than_seconds)s)
returning paid_call.unit_count;
