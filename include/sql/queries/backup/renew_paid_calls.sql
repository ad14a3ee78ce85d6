-- Calls that both have and that went on since the backup. A call is known by its subject and by when it
-- was reserved: its id and its attempt may be another's here.
update core.paid_call
set
    state = call.state,
    answer = call.answer,
    error = call.error,
    settled_at = call.settled_at,
    sent_at = call.sent_at,
    resend_allowed_at = call.resend_allowed_at,
    resend_allowed_by = call.resend_allowed_by,
    changed_at = clock_timestamp()
from carried
cross join lateral jsonb_populate_record(null::core.paid_call, carried.content) as call
where
    carried.table_name = 'paid_call'
    and paid_call.provider = call.provider
    and paid_call.feature = call.feature
    and paid_call.subject_sha256 = call.subject_sha256
    and paid_call.reserved_at = call.reserved_at
    and paid_call.changed_at < coalesce(call.changed_at, call.recorded_at)
    and (paid_call.state, paid_call.settled_at, paid_call.sent_at, paid_call.resend_allowed_at)
    is distinct from (call.state, call.settled_at, call.sent_at, call.resend_allowed_at)
