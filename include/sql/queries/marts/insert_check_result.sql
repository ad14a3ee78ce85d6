insert into core.check_result (
    check_name, severity, offending_count, offending_sample, dag_id, run_id
)
values (
    %(check_name)s, %(severity)s, %(offending_count)s, %(offending_sample)s, %(dag_id)s, %(run_id)s
);
