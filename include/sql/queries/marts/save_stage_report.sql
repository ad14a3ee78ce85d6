insert into core.stage_report (dag_id, run_id, city_id, task_id, subject, report, photos_new)
values (%(dag_id)s, %(run_id)s, %(city_id)s, %(task_id)s, %(subject)s, %(report)s, %(photos_new)s)
on conflict (dag_id, run_id, task_id, subject) do update
    set
        report = excluded.report,
        photos_new = excluded.photos_new,
        recorded_at = now();
