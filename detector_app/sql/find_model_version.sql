-- All that is known of one version of a city's model, but its pictures and credits.
select
    model_version.city_slug,
    model_version.city_name,
    model_version.model_version,
    model_version.state,
    model_version.is_in_place,
    model_version.decision,
    model_version.recorded_at,
    model_version.published_at,
    model_version.map50,
    model_version.map50_95,
    model_version.precision,
    model_version.recall,
    model_version.false_alarms,
    model_version.class_names,
    model_version.train_count,
    model_version.val_count,
    model_version.test_count,
    model_version.curve,
    model_card.markdown,
    model_card.confusions
from mart.model_version
left join mart.model_card
    on
        model_version.city_id = model_card.city_id
        and model_version.model_version = model_card.model_version
where
    model_version.city_slug = %(city_slug)s
    and model_version.model_version = %(model_version)s
