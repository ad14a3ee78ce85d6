-- Of Airflow's own database: our DAGs that are paused, when the next run of each is due, in the past if a
-- pause keeps it, and their last runs by schedule, which the upkeep leaves there.
select
    dag.dag_id,
    dag.next_dagrun_create_after,
    max(dag_run.run_after) as last_run_at
from dag
left join dag_run on dag.dag_id = dag_run.dag_id and dag_run.run_type = 'scheduled'
where dag.owners = 'sightscan' and dag.is_paused
group by dag.dag_id, dag.next_dagrun_create_after
order by dag.dag_id
