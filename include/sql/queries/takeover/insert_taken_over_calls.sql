-- Attempt 0: before our first. Whoever has a call that stands keeps it.
insert into core.paid_call (
    provider, feature, subject_sha256, attempt, city_id, dag_id, run_id, state, price_usd, answer,
    reserved_at, settled_at, is_taken_over
)
select
    %(provider)s,
    %(feature)s,
    paid.subject_sha256,
    0 as attempt,
    %(city_id)s,
    'takeover' as dag_id,
    'takeover' as run_id,
    'succeeded' as state,
    0 as price_usd,
    paid.answer::jsonb,
    paid.paid_at as reserved_at,
    paid.paid_at as settled_at,
    true as is_taken_over
from
    unnest(%(subjects)s::bytea[], %(answers)s::text[], %(paid_ats)s::timestamptz[])
        as paid (subject_sha256, answer, paid_at)
on conflict do nothing
