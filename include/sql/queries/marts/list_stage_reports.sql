select
    stage_report.task_id,
    stage_report.subject,
    stage_report.report
from core.stage_report
where
    stage_report.dag_id = %(dag_id)s
    and stage_report.run_id = %(run_id)s
order by stage_report.recorded_at, stage_report.task_id, stage_report.subject;
