-- outside a transaction
-- squawk-disable-assume-in-transaction
-- The refresh of the facts asks which calls were settled.
create index concurrently if not exists paid_call_by_change on core.paid_call (changed_at);
