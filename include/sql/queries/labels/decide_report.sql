-- What somebody has decided leaves the inbox, and the photo with it.
with decided as (
    delete from load.report
    where report.report_id = %(report_id)s
    returning
        report.report_id,
        report.city_id,
        report.model_version,
        report.kind,
        report.class_name,
        report.message,
        report.reported_at
)

insert into core.report (
    report_id,
    city_id,
    model_version,
    kind,
    class_name,
    message,
    reported_at,
    decision,
    decided_by
)
select
    decided.report_id,
    decided.city_id,
    decided.model_version,
    decided.kind,
    decided.class_name,
    decided.message,
    decided.reported_at,
    %(decision)s,
    %(decided_by)s
from decided
on conflict (report_id) do nothing
