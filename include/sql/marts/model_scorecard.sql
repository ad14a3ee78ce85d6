-- Grain: one row per sight of each version of a city's model.
-- average precision is that of the file that was measured for publication; precision and recall are
-- the trainer's, at its best point, on the same frozen test photos.
create view mart.model_scorecard as
select
    model.city_id,
    city.slug as city_slug,
    model.model_version,
    model.dataset_version,
    model.state as model_state,
    model.map50 as model_map50,
    model.map50_95 as model_map50_95,
    class_metric.name as sight_name,
    class_metric.map50 as ap50,
    class_metric.map50_95 as ap50_95,
    trained.precision as trainer_precision,
    trained.recall as trainer_recall,
    class_metric.photos as test_photo_count,
    class_metric.boxes as test_box_count,
    dataset.sight_ids[array_position(dataset.class_names, class_metric.name)] as sight_id,
    coalesce(
        dataset.sight_ids[array_position(dataset.class_names, class_metric.name)]
        <> all(model.hidden_sight_ids),
        true
    ) as is_shown,
    coalesce(in_place.model_version = model.model_version, false) as is_in_place
from core.model
inner join core.city on model.city_id = city.city_id
inner join core.dataset
    on
        model.city_id = dataset.city_id
        and model.dataset_version = dataset.dataset_version
cross join
    lateral jsonb_to_recordset(
        case jsonb_typeof(model.class_metrics) when 'array' then model.class_metrics else '[]' end
    )
        as class_metric (
            name text,
            map50 double precision,
            map50_95 double precision,
            photos integer,
            boxes integer
        )
left join lateral (
    select
        result_metric.precision,
        result_metric.recall
    from
        jsonb_to_recordset(
            case
            jsonb_typeof(model.result #> '{metrics,test,per_class}')
                when 'array' then model.result #> '{metrics,test,per_class}'
                else '[]'
            end
        ) as result_metric (name text, precision double precision, recall double precision)
    where result_metric.name = class_metric.name
    order by result_metric.precision
    limit 1
) as trained on true
left join lateral (
    select publication.model_version
    from core.publication
    where publication.city_id = model.city_id
    order by publication.publication_id desc
    limit 1
) as in_place on true;

comment on view mart.model_scorecard is 'One row per sight of each version of a model: how well it is found.';
comment on column mart.model_scorecard.city_id is 'The city.';
comment on column mart.model_scorecard.city_slug is 'Its ASCII name.';
comment on column mart.model_scorecard.model_version is 'The model.';
comment on column mart.model_scorecard.dataset_version is 'What it was trained on.';
comment on column mart.model_scorecard.model_state is 'registered, published or refused.';
comment on column mart.model_scorecard.model_map50 is 'Its mean average precision at IoU 0.5 on the frozen test photos.';
comment on column mart.model_scorecard.model_map50_95 is 'Its mean average precision over IoU 0.5 to 0.95 on them.';
comment on column mart.model_scorecard.sight_id is 'The sight.';
comment on column mart.model_scorecard.sight_name is 'Its class name in this model.';
comment on column mart.model_scorecard.ap50 is 'Average precision of the sight at IoU 0.5.';
comment on column mart.model_scorecard.ap50_95 is 'Average precision of the sight over IoU 0.5 to 0.95.';
comment on column mart.model_scorecard.trainer_precision is 'Share of its detections that are right, as the trainer measured it.';
comment on column mart.model_scorecard.trainer_recall is 'Share of its boxes that are found, as the trainer measured it.';
comment on column mart.model_scorecard.test_photo_count is 'Test photos that show it.';
comment on column mart.model_scorecard.test_box_count is 'Its boxes on them.';
comment on column mart.model_scorecard.is_in_place is 'Whether the app offers this version.';
comment on column mart.model_scorecard.is_shown is 'Whether the app names it, wherever this version is in place.';
