delete from load.report
where report.reported_at < now() - make_interval(days => %(max_age_days)s)
