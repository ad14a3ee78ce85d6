-- An answer that comes after its reservation was given up is still the answer.
update core.paid_call
set
    state = result.state,
    -- A photo that was taken down while it was away: only that it was answered is kept.
    answer = case
        when
            result.answer is not null
            and exists (
                select 1 from core.removed_photo
                where removed_photo.sha256 = paid_call.subject_sha256
            )
            then '{"removed": true}'
        else result.answer::jsonb
    end,
    error = result.error,
    settled_at = clock_timestamp(),
    changed_at = now()
from
    unnest(
        %(call_ids)s::bigint[], %(states)s::text[], %(answers)s::text[], %(errors)s::text[]
    ) as result (call_id, state, answer, error)
where
    paid_call.call_id = result.call_id
    and paid_call.state in ('reserved', 'unknown')
    -- Its photo may have another call by now.
    and paid_call.resend_allowed_at is null;
