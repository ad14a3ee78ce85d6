-- A run that was cleared and froze another dataset asks anew. What it asked for before stays, with
-- its epochs and its model, under a name of its own: a run has one training.
update core.training_run
set run_id = training_run.run_id || ' (asked before, training ' || training_run.training_id || ')'
where
    training_run.dag_id = %(dag_id)s
    and training_run.run_id = %(run_id)s
    and training_run.dataset_version <> %(dataset_version)s
