-- One training a run: asking again changes nothing.
insert into core.training_run (city_id, dataset_version, dag_id, run_id, request)
values (%(city_id)s, %(dataset_version)s, %(dag_id)s, %(run_id)s, %(request)s)
on conflict (dag_id, run_id) do nothing
