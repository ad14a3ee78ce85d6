select training_run.epoch_metrics
from core.training_run
where
    training_run.dag_id = %(dag_id)s
    and training_run.run_id = %(run_id)s;
