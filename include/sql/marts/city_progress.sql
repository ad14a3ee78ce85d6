-- Grain: one row per city of the registry: what its last run is doing, live, and what it waits for.
-- Counts are taken from core at each look, so ask about one city: mart.city_overview has all of them as of
-- the last refresh.
create view mart.city_progress as
select
    city.city_id,
    city.slug as city_slug,
    city.name as city_name,
    city.country,
    city.state,
    demand.vote_count,
    city_wait.waits_for,
    city_wait.most_usd::double precision as most_usd,
    city_wait.probable_usd::double precision as probable_usd,
    decision.reason,
    last_run.estimated_at as run_started_at,
    last_run.ended_at as run_ended_at,
    sights.sight_count,
    sights.crawl_count,
    crawl.crawled_count,
    photos.photo_count,
    labels.labelled_photo_count,
    training.state as training_state,
    training.epoch_count,
    training.curve,
    published_model.model_version,
    published_model.published_at,
    -- Those that would be let in before it, as the budget sees them.
    case
        when city.state = 'waiting'
            then (
                select 1 + count(*)
                from core.city as other
                cross join
                    lateral (
                        select
                            coalesce(sum(city_request.vote_count) filter (where city_request.stage = 'resolved'), 0)
                                as vote_count,
                            coalesce(min(city_request.asked_at), other.recorded_at) as asked_at
                        from core.city_request
                        where city_request.city_id = other.city_id
                    ) as before
                where
                    other.state = 'waiting'
                    and (-before.vote_count, before.asked_at, other.city_id)
                    < (-demand.vote_count, demand.asked_at, city.city_id)
            )::integer
    end as queue_place,
    case
        when decided.report ->> 'train' = 'false' then decided.report ->> 'reason'
    end as not_trained_because,
    case
        when not coalesce(published_model.model_version = last_model.model_version, false)
            then last_model.decision
    end as not_published_because,
    case
        when city.state in ('waiting', 'refused') then city.state
        when city.state = 'disabled' then 'retired'
        when last_run.run_id is null then 'starting'
        when last_run.refusal is not null then 'budget'
        when last_run.ended_at is not null and published_model.model_version is not null then 'published'
        when last_run.ended_at is not null and decided.report ->> 'train' = 'false' then 'photos'
        when last_run.ended_at is not null then 'ended'
        when machine.run_id is not null then 'machine'
        when training.state = 'succeeded' then 'judging'
        when training.state = 'running' then 'training'
        when decided.run_id is not null or training.state is not null then 'machine'
        when labelling.run_id is not null then 'deciding'
        when crawl.crawled_count >= sights.crawl_count then 'labelling'
        when sights.crawl_count > 0 then 'crawling'
        else 'discovering'
    end as stage
from core.city
cross join
    lateral (
        select
            coalesce(sum(city_request.vote_count) filter (where city_request.stage = 'resolved'), 0)::integer
                as vote_count,
            coalesce(min(city_request.asked_at), city.recorded_at) as asked_at
        from core.city_request
        where city_request.city_id = city.city_id
    ) as demand
left join core.city_wait
    on
        city.city_id = city_wait.city_id
        and city.state = 'waiting'
left join
    lateral (
        select city_decision.reason
        from core.city_decision
        where
            city_decision.city_id = city.city_id
            and city.state = 'refused'
        order by city_decision.decided_at desc, city_decision.decision_id desc
        limit 1
    ) as decision
    on true
left join
    lateral (
        select
            spend_estimate.dag_id,
            spend_estimate.run_id,
            spend_estimate.estimated_at,
            spend_estimate.ended_at,
            spend_estimate.refusal
        from core.spend_estimate
        where spend_estimate.city_id = city.city_id
        order by spend_estimate.estimated_at desc, spend_estimate.run_id desc
        limit 1
    ) as last_run
    on true
cross join
    lateral (
        select
            count(*) filter (where sight.state = 'active')::integer as sight_count,
            (
                select
                    case jsonb_typeof(stage_report.report -> 'sight_ids')
                        when 'array' then jsonb_array_length(stage_report.report -> 'sight_ids')
                    end
                    + case jsonb_typeof(stage_report.report -> 'background_ids')
                        when 'array' then jsonb_array_length(stage_report.report -> 'background_ids')
                        else 0
                    end
                from core.stage_report
                where
                    stage_report.dag_id = last_run.dag_id
                    and stage_report.run_id = last_run.run_id
                    and stage_report.task_id = 'discover_sights'
                    and stage_report.subject = ''
            ) as crawl_count
        from core.sight
        where sight.city_id = city.city_id
    ) as sights
cross join
    lateral (
        select count(*)::integer as crawled_count
        from core.stage_report
        where
            stage_report.dag_id = last_run.dag_id
            and stage_report.run_id = last_run.run_id
            and stage_report.task_id = 'crawl_photos'
    ) as crawl
cross join
    lateral (
        select count(distinct photo_source.sha256)::integer as photo_count
        from core.sight
        inner join core.photo_source on sight.sight_id = photo_source.sight_id
        where
            sight.city_id = city.city_id
            and sight.state = 'active'
    ) as photos
cross join
    lateral (
        select count(distinct accepted_label.sha256)::integer as labelled_photo_count
        from mart.accepted_label
        where accepted_label.city_id = city.city_id
    ) as labels
left join core.stage_report as labelling
    on
        last_run.dag_id = labelling.dag_id
        and last_run.run_id = labelling.run_id
        and labelling.task_id = 'label_photos'
        and labelling.subject = ''
left join core.stage_report as decided
    on
        last_run.dag_id = decided.dag_id
        and last_run.run_id = decided.run_id
        and decided.task_id = 'decide_training'
        and decided.subject = ''
left join core.lease_request as machine
    on
        last_run.dag_id = machine.dag_id
        and last_run.run_id = machine.run_id
left join
    lateral (
        select
            training_run.state,
            jsonb_array_length(training_run.epoch_metrics) as epoch_count,
            jsonb_path_query_array(training_run.epoch_metrics, '$[last - 499 to last].val_map50') as curve
        from core.training_run
        where
            training_run.dag_id = last_run.dag_id
            and training_run.run_id = last_run.run_id
            and jsonb_typeof(training_run.epoch_metrics) = 'array'
    ) as training
    on true
left join
    lateral (
        select
            model.model_version,
            model.decision
        from core.model
        inner join core.training_run on model.training_id = training_run.training_id
        where
            model.city_id = city.city_id
            and training_run.dag_id = last_run.dag_id
            and training_run.run_id = last_run.run_id
            and model.state <> 'registered'
        order by model.model_version desc
        limit 1
    ) as last_model
    on true
left join mart.published_model on city.city_id = published_model.city_id;

comment on view mart.city_progress is 'One row per city of the registry: what its last run is doing, live, and what it waits for.';
comment on column mart.city_progress.city_id is 'The city.';
comment on column mart.city_progress.city_slug is 'Its ASCII name.';
comment on column mart.city_progress.city_name is 'Its name on screen.';
comment on column mart.city_progress.country is 'Its country.';
comment on column mart.city_progress.state is 'active, disabled, waiting (asked for, not let in yet) or refused.';
comment on column mart.city_progress.vote_count is 'How many people asked for it.';
comment on column mart.city_progress.waits_for is
'Of a city that waits: approval (a person''s), budget (the next month''s) or turn (those before it); null: not noted yet.';
comment on column mart.city_progress.most_usd is 'Of a city that waits: what its first run may cost at most, in US dollars.';
comment on column mart.city_progress.probable_usd is 'Of a city that waits: what its first run probably costs, in US dollars.';
comment on column mart.city_progress.reason is 'Why it was refused, in a sentence for the asker.';
comment on column mart.city_progress.run_started_at is 'When its last run began.';
comment on column mart.city_progress.run_ended_at is 'When it ended; null: it goes on, or nobody saw its end.';
comment on column mart.city_progress.sight_count is 'Sights that it looks for.';
comment on column mart.city_progress.crawl_count is 'Searches for photos that its last run makes: of each sight, and of what is no sight.';
comment on column mart.city_progress.crawled_count is 'Of these, searches that are done.';
comment on column mart.city_progress.photo_count is 'Photos of its sights, now.';
comment on column mart.city_progress.labelled_photo_count is 'Of them, those with an accepted box, now.';
comment on column mart.city_progress.training_state is 'Of its last run: requested, running, succeeded or failed; null: none.';
comment on column mart.city_progress.epoch_count is 'Epochs that the training has done.';
comment on column mart.city_progress.curve is
'Mean average precision at IoU 0.5 on the validation photos after each of its last 500 epochs.';
comment on column mart.city_progress.model_version is 'The model in place.';
comment on column mart.city_progress.published_at is 'Since when.';
comment on column mart.city_progress.queue_place is 'Of a city that waits: how many are let in before it, and one.';
comment on column mart.city_progress.not_trained_because is 'Why its last run trained nothing; null: it did, or has not decided.';
comment on column mart.city_progress.not_published_because is 'Why the model of its last run was not put in place.';
comment on column mart.city_progress.stage is
'waiting, refused, retired; starting (no run yet), discovering, crawling, labelling, deciding, machine (waits for or '
'prepares one), training, judging; of a run that ended: published, photos (too few), ended; budget: it would have '
'passed one.';
