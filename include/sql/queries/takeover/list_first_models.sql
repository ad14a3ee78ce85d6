-- Run on a database of the first SightScan. Its versions count the models of a city from 1; the
-- column came late, so they are counted anew.
select
    model.trained_model_id,
    row_number() over (order by fact.timestamp_id, model.trained_model_id) as model_version,
    sha256(model.trained_model_model) as sha256,
    to_timestamp(stored.timestamp_unix) as trained_at
from integration_layer.fact_models as fact
inner join integration_layer.dim_models_trained_models as model on fact.trained_model_id = model.trained_model_id
inner join integration_layer.dim_models_timestamps as stored on fact.timestamp_id = stored.timestamp_id
where fact.city_id = any(%(city_ids)s)
order by model_version
