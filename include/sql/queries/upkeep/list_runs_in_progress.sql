-- Of Airflow's own database, on PostgreSQL or SQLite: the runs in progress, each with the oldest moment of
-- its own or of one of its tasks. A run that was cleared begins anew, and its tasks may be much older.
select
    part.dag_id,
    part.run_id,
    min(part.begun_at) as begun_at
from (
    select
        dag_run.dag_id,
        dag_run.run_id,
        dag_run.run_after as begun_at
    from dag_run
    where dag_run.state in ('queued', 'running')
    union all
    select
        dag_run.dag_id,
        dag_run.run_id,
        dag_run.start_date as begun_at
    from dag_run
    where dag_run.state in ('queued', 'running')
    union all
    select
        dag_run.dag_id,
        dag_run.run_id,
        task_instance.start_date as begun_at
    from dag_run
    inner join task_instance
        on dag_run.dag_id = task_instance.dag_id and dag_run.run_id = task_instance.run_id
    where dag_run.state in ('queued', 'running')
) as part
group by part.dag_id, part.run_id
order by part.dag_id, part.run_id
