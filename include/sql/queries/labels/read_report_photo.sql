select report.photo
from load.report
where
    report.report_id = %(report_id)s
    and report.photo is not null
