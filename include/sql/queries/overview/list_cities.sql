-- A page of the cities that were let in, by their slug: how far each is, and what came of its last run that
-- was estimated. Counts of photos and labels are as of the last refresh of the facts.
with found as materialized (
    select
        city.city_id,
        city.slug,
        city.name,
        city.country,
        city.state,
        city_stage.stage
    from core.city
    inner join mart.city_stage on city.city_id = city_stage.city_id
    where
        city.state = any(%(states)s)
        and (
            strpos(lower(city.name), lower(%(search)s)) > 0
            or (%(slug)s <> '' and strpos(city.slug, %(slug)s) > 0)
            or strpos(lower(city.country), lower(%(search)s)) > 0
            or lower(city.city_id) = lower(%(search)s)
        )
        and (%(stage)s::text is null or city_stage.stage = %(stage)s)
    order by city.slug
    limit
        %(most)s
        offset %(skipped)s
)

select
    found.city_id,
    found.slug,
    found.name,
    found.country,
    found.state,
    found.stage,
    sights.sight_count,
    activity.photo_count,
    activity.labelled_photo_count,
    activity.box_count,
    last_dataset.dataset_version,
    last_dataset.photo_count as dataset_photo_count,
    published_model.model_version,
    published_model.map50,
    last_run.run_id,
    last_run.refusal,
    last_run.not_trained_because,
    last_run.training_state,
    last_run.model_state,
    last_run.decision
from found
cross join
    lateral (
        select count(*) as sight_count
        from core.sight
        where
            sight.city_id = found.city_id
            and sight.state in ('active', 'retired')
    ) as sights
cross join
    lateral (
        select
            coalesce(sum(fact.photos_new), 0)::bigint as photo_count,
            coalesce(sum(fact.photos_labelled), 0)::bigint as labelled_photo_count,
            coalesce(sum(fact.labels_accepted), 0)::bigint as box_count
        from mart.city_activity_hourly_v2 as fact
        where fact.city_id = found.city_id
    ) as activity
left join
    lateral (
        select
            dataset.dataset_version,
            dataset.train_count + dataset.val_count + dataset.test_count as photo_count
        from core.dataset
        where dataset.city_id = found.city_id
        order by dataset.dataset_version desc
        limit 1
    ) as last_dataset
    on true
left join mart.published_model on found.city_id = published_model.city_id
left join
    lateral (
        select
            spend_estimate.run_id,
            spend_estimate.refusal,
            training_run.state as training_state,
            model.state as model_state,
            model.decision,
            case
                when decided.report ->> 'train' = 'false' then decided.report ->> 'reason'
            end as not_trained_because
        from core.spend_estimate
        left join core.stage_report as decided
            on
                spend_estimate.dag_id = decided.dag_id
                and spend_estimate.run_id = decided.run_id
                and decided.task_id = 'decide_training'
                and decided.subject = ''
        left join core.training_run
            on
                spend_estimate.dag_id = training_run.dag_id
                and spend_estimate.run_id = training_run.run_id
        left join core.model on training_run.training_id = model.training_id
        where spend_estimate.city_id = found.city_id
        order by spend_estimate.estimated_at desc, spend_estimate.run_id desc
        limit 1
    ) as last_run
    on true
order by found.slug
