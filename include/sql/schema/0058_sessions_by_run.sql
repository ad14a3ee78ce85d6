-- outside a transaction
-- squawk-disable-assume-in-transaction
-- What a run paid for its instance is looked up by the run.
create index concurrently if not exists instance_session_by_run on core.instance_session (dag_id, run_id);
