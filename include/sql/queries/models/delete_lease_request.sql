delete from core.lease_request
where
    lease_request.dag_id = %(dag_id)s
    and lease_request.run_id = %(run_id)s
