-- Of Airflow's own database: when the DAGs that look after the rest ended well last, and their first runs.
select
    dag_run.dag_id,
    max(case when dag_run.state = 'success' then dag_run.end_date end) as ended_at,
    min(dag_run.run_after) as begun_at
from dag_run
where
    dag_run.dag_id in ('stop_idle_instances', 'tell_incidents', 'sync_cities', 'refresh_data_marts')
group by dag_run.dag_id
order by dag_run.dag_id
