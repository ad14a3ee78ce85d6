-- How long a session of the GPU took, as if it had trained so many epochs: of this city where it
-- had one, else of any.
with session as (
    select
        instance_session.city_id = %(city_id)s as is_own,
        extract(
            epoch from instance_session.stopped_at
            - coalesce(instance_session.running_at, instance_session.started_at)
        )
        * coalesce(
            %(epochs)s / nullif((training_run.request ->> 'epochs')::double precision, 0), 1
        ) as seconds
    from core.instance_session
    left join core.training_run on instance_session.session_id = training_run.session_id
    where instance_session.stopped_at is not null
)

select
    coalesce(
        avg(session.seconds) filter (where session.is_own),
        avg(session.seconds)
    )::double precision as seconds
from session;
