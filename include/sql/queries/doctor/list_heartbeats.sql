-- Of Airflow's own database, on PostgreSQL or SQLite: when each of its parts was heard of last.
select
    job.job_type,
    max(job.latest_heartbeat) as heard_at
from job
where job.state = 'running'
group by job.job_type
order by job.job_type
