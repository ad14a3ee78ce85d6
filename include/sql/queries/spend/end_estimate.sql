update core.spend_estimate
set ended_at = now()
where
    spend_estimate.dag_id = %(dag_id)s
    and spend_estimate.run_id = %(run_id)s;
