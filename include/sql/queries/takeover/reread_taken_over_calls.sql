-- The same image read again, perhaps with its boxes the other way up.
update core.paid_call
set answer = paid.answer::jsonb
from unnest(%(subjects)s::bytea[], %(answers)s::text[]) as paid (subject_sha256, answer)
where
    paid_call.provider = %(provider)s
    and paid_call.feature = %(feature)s
    and paid_call.subject_sha256 = paid.subject_sha256
    and paid_call.is_taken_over
    and paid_call.answer #> '{taken_over,image}' = paid.answer::jsonb #> '{taken_over,image}'
    and paid_call.answer <> paid.answer::jsonb
