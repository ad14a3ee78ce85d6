insert into core.paid_call (
    provider, feature, subject_sha256, attempt, city_id, dag_id, run_id, state, price_usd,
    answer, settled_at, reserved_at, recorded_at, changed_at
)
select
    'google_vision', 'landmark_detection', sha256, 1, city_id, 'd', 'r', 'succeeded', 0.0015,
    '{}', at, at, at, at
from brought
