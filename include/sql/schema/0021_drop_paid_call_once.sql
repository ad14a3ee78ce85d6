-- outside a transaction
-- squawk-disable-assume-in-transaction
-- paid_call_standing_once says the same and knows calls that may be sent again.
drop index concurrently if exists core.paid_call_once;
