-- For how long a run held the GPU, as if it had trained so many epochs: of this city where it had
-- one, else of any.
with held as (
    select
        session_cost.city_id,
        session_cost.dag_id,
        session_cost.run_id,
        sum(session_cost.billed_seconds) as seconds
    from core.session_cost
    where
        session_cost.city_id is not null
        and session_cost.stopped_at is not null
    group by session_cost.city_id, session_cost.dag_id, session_cost.run_id
),

training as (
    select
        held.city_id = %(city_id)s as is_own,
        held.seconds
        * coalesce(
            %(epochs)s / nullif((training_run.request ->> 'epochs')::double precision, 0), 1
        ) as seconds
    from held
    left join core.training_run
        on held.dag_id = training_run.dag_id and held.run_id = training_run.run_id
)

select
    coalesce(
        avg(training.seconds) filter (where training.is_own),
        avg(training.seconds)
    )::double precision as seconds
from training;
