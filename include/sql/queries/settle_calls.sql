-- An answer that comes after its reservation was given up is still the answer.
update core.paid_call
set
    state = settled.state,
    answer = settled.answer::jsonb,
    error = settled.error,
    settled_at = clock_timestamp(),
    changed_at = now()
from
    unnest(
        %(call_ids)s::bigint[], %(states)s::text[], %(answers)s::text[], %(errors)s::text[]
    ) as settled (call_id, state, answer, error)
where
    paid_call.call_id = settled.call_id
    and paid_call.state in ('reserved', 'unknown');
