-- The measures of the file that is published replace those that the trainer reported.
update core.model
set
    state = %(state)s,
    decision = %(decision)s,
    map50 = %(map50)s,
    map50_95 = %(map50_95)s,
    class_metrics = %(class_metrics)s,
    hidden_sight_ids = %(hidden_sight_ids)s
where
    model.city_id = %(city_id)s
    and model.model_version = %(model_version)s
    and model.state in ('registered', 'refused')
returning model_version
