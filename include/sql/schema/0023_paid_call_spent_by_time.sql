-- outside a transaction
-- squawk-disable-assume-in-transaction
-- So are the caps of the month and in all.
create index concurrently if not exists paid_call_spent_by_time
on core.paid_call (provider, feature, reserved_at) include (unit_count, state)
where (state <> 'failed' or (sent_at is not null and answer is not null)) and not is_taken_over;
