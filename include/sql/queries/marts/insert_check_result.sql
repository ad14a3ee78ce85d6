insert into core.check_result (
    check_name, severity, offending_count, offending_sample, asked_count, dag_id, run_id
)
values (
    %(check_name)s, %(severity)s, %(offending_count)s, %(offending_sample)s, %(asked_count)s,
    %(dag_id)s, %(run_id)s
);
