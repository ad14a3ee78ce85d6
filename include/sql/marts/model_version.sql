-- Grain: one row per version of a city's model that was judged.
create view mart.model_version as
select
    model.city_id,
    city.slug as city_slug,
    city.name as city_name,
    city.country,
    model.model_version,
    model.state,
    model.decision,
    model.recorded_at,
    model.map50,
    model.map50_95,
    model.class_names,
    dataset.train_count,
    dataset.val_count,
    dataset.test_count,
    dataset.dataset_version,
    last_publication.published_at,
    coalesce(in_place.model_version = model.model_version, false) as is_in_place,
    (model.shipped ->> 'precision')::double precision as precision,
    (model.shipped ->> 'recall')::double precision as recall,
    (model.shipped ->> 'false_alarms')::double precision as false_alarms,
    case jsonb_typeof(training_run.epoch_metrics)
        when 'array' then jsonb_path_query_array(training_run.epoch_metrics, '$[last - 499 to last].val_map50')
    end as curve
from core.model
inner join core.city on model.city_id = city.city_id
inner join core.dataset
    on
        model.city_id = dataset.city_id
        and model.dataset_version = dataset.dataset_version
inner join core.training_run on model.training_id = training_run.training_id
left join lateral (
    select publication.model_version
    from core.publication
    where publication.city_id = model.city_id
    order by publication.publication_id desc
    limit 1
) as in_place on true
left join lateral (
    select publication.published_at
    from core.publication
    where
        publication.city_id = model.city_id
        and publication.model_version = model.model_version
    order by publication.publication_id desc
    limit 1
) as last_publication on true
where model.state in ('published', 'refused');

comment on view mart.model_version is 'One row per version of a city''s model that was judged.';
comment on column mart.model_version.city_id is 'The city.';
comment on column mart.model_version.city_slug is 'Its ASCII name.';
comment on column mart.model_version.city_name is 'Its name on screen.';
comment on column mart.model_version.country is 'Its country.';
comment on column mart.model_version.model_version is 'The model.';
comment on column mart.model_version.state is 'published (was put in place once) or refused.';
comment on column mart.model_version.decision is 'Why, in a sentence.';
comment on column mart.model_version.recorded_at is 'When it was registered.';
comment on column mart.model_version.published_at is 'When it was put in place, last; null: never.';
comment on column mart.model_version.is_in_place is 'Whether the app offers it.';
comment on column mart.model_version.map50 is 'Mean average precision at IoU 0.5 on the frozen test photos.';
comment on column mart.model_version.map50_95 is 'Mean average precision over IoU 0.5 to 0.95 on them.';
comment on column mart.model_version.precision is 'Share of the names shown on the test photos that are right; null: not measured.';
comment on column mart.model_version.recall is 'Share of the boxes on the test photos that get their name; null: not measured.';
comment on column mart.model_version.false_alarms is 'Share of the test photos without a sight that get a name; null: not measured.';
comment on column mart.model_version.class_names is 'Its sights in the order of its classes, those that are not shown as well.';
comment on column mart.model_version.dataset_version is 'What it was trained on.';
comment on column mart.model_version.train_count is 'Photos that it was trained on.';
comment on column mart.model_version.val_count is 'Photos that chose its best epoch.';
comment on column mart.model_version.test_count is 'Photos that judged it.';
comment on column mart.model_version.curve is
'Mean average precision at IoU 0.5 on the validation photos after each of its last 500 epochs.';
