insert into core.stage_report (dag_id, run_id, city_id, task_id, subject, report)
values (%(dag_id)s, %(run_id)s, %(city_id)s, %(task_id)s, %(subject)s, %(report)s)
on conflict (dag_id, run_id, task_id, subject) do update
    set
        report = excluded.report,
        recorded_at = now();
