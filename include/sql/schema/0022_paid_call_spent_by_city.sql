-- outside a transaction
-- squawk-disable-assume-in-transaction
-- The cap of a city is counted while others wait: from the index alone.
create index concurrently if not exists paid_call_spent_by_city
on core.paid_call (city_id, provider, feature) include (unit_count, state)
where (state <> 'failed' or (sent_at is not null and answer is not null)) and not is_taken_over;
