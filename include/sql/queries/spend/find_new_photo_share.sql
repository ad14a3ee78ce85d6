-- Which share of the photos that a run may find was new: in the city's last five runs, else in the
-- first runs of all cities; null if there were none.
with run as (
    select
        spend_estimate.city_id,
        spend_estimate.estimated_at,
        spend_estimate.photo_limit,
        sum(stage_report.photos_new) as new_photos
    from core.spend_estimate
    inner join core.stage_report
        on
            spend_estimate.dag_id = stage_report.dag_id
            and spend_estimate.run_id = stage_report.run_id
            and stage_report.photos_new is not null
    where
        spend_estimate.refusal is null
        and spend_estimate.photo_limit > 0
        and (spend_estimate.dag_id <> %(dag_id)s or spend_estimate.run_id <> %(run_id)s)
    group by
        spend_estimate.dag_id,
        spend_estimate.run_id,
        spend_estimate.city_id,
        spend_estimate.estimated_at,
        spend_estimate.photo_limit
),

numbered as (
    select
        run.photo_limit,
        run.new_photos,
        run.city_id = %(city_id)s as is_own,
        row_number() over (partition by run.city_id order by run.estimated_at asc) as turn,
        row_number() over (partition by run.city_id order by run.estimated_at desc) as turn_from_last
    from run
)

select
    least(
        coalesce(
            sum(numbered.new_photos) filter (where numbered.is_own and numbered.turn_from_last <= 5)
            / sum(numbered.photo_limit) filter (where numbered.is_own and numbered.turn_from_last <= 5),
            sum(numbered.new_photos) filter (where numbered.turn = 1)
            / sum(numbered.photo_limit) filter (where numbered.turn = 1)
        ),
        1
    )::double precision as share
from numbered;
