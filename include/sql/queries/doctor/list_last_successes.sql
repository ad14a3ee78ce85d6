-- Of Airflow's own database: when the DAGs that look after the rest ended well last.
select
    dag_run.dag_id,
    max(dag_run.end_date) as ended_at
from dag_run
where
    dag_run.state = 'success'
    and dag_run.dag_id in ('stop_idle_instances', 'tell_incidents', 'sync_cities')
group by dag_run.dag_id
order by dag_run.dag_id
