-- outside a transaction
-- squawk-disable-assume-in-transaction
-- How many labels wait for a person, of all cities: counted from this index alone, of a million labels in a moment.
create index concurrently if not exists label_waiting on core.label (city_id) include (label_id, sha256, reason)
where state = 'held_back' or (state = 'accepted' and score < 0.5);
