-- Run on a database of the first SightScan.
select model.trained_model_model
from integration_layer.dim_models_trained_models as model
where model.trained_model_id = %(trained_model_id)s
