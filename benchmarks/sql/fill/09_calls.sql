insert into core.paid_call (
    call_id, provider, feature, subject_sha256, attempt, city_id, dag_id, run_id, state, price_usd,
    answer, settled_at, reserved_at, recorded_at, changed_at
)
overriding system value
select
    n + 1, 'google_vision', 'landmark_detection', sha256, 1, city_id, 'city_' || city_id,
    'run ' || n / 500, 'succeeded', 0.0015,
    '{}', at, at, at, at
from numbered
