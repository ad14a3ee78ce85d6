-- Of Airflow's own database: our DAGs as it knows them.
select
    dag.dag_id,
    dag.is_stale,
    dag.is_paused,
    dag.last_parsed_time
from dag
where dag.owners = 'sightscan'
order by dag.dag_id
