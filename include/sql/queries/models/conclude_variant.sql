-- The measures of the file that is published replace those that the trainer reported.
update core.model_variant
set
    state = %(state)s,
    decision = %(decision)s,
    map50 = coalesce(%(map50)s, model_variant.map50),
    map50_95 = coalesce(%(map50_95)s, model_variant.map50_95),
    shipped = %(shipped)s
where
    model_variant.city_id = %(city_id)s
    and model_variant.model_version = %(model_version)s
    and model_variant.kind = %(kind)s
