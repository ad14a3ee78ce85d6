update core.training_run
set epoch_metrics = %(epoch_metrics)s
where training_run.training_id = %(training_id)s
